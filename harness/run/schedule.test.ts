import { describe, expect, it } from "vitest";
import { defaultJobs, longestFirst } from "./schedule.ts";

const gibibyte = 2 ** 30;

describe("defaultJobs", () => {
  it("is two for each core where memory allows", () => {
    expect(defaultJobs({ cores: 2, availableBytes: 8 * gibibyte }, "clone")).toBe(4);
    expect(defaultJobs({ cores: 64, availableBytes: 256 * gibibyte }, "clone")).toBe(128);
  });

  it("is fewer where half of the memory would not do, and one at least", () => {
    expect(defaultJobs({ cores: 64, availableBytes: 4 * gibibyte }, "clone")).toBe(16);
    expect(defaultJobs({ cores: 64, availableBytes: 4 * gibibyte }, "cold")).toBe(3);
    expect(defaultJobs({ cores: 2, availableBytes: 0 }, "cold")).toBe(1);
  });
});

describe("longestFirst", () => {
  const tasks = ["short", "new", "long", "newer"].map((name) => ({ name }));
  const order = (seconds: [string, number][]): string[] =>
    longestFirst(tasks, new Map(seconds)).map(({ name }) => name);

  it("puts the longest first, and what was never measured before it", () => {
    expect(
      order([
        ["short", 0.1],
        ["long", 3],
      ]),
    ).toEqual(["new", "newer", "long", "short"]);
  });

  it("leaves the order as it is where nothing was measured", () => {
    expect(order([])).toEqual(["short", "new", "long", "newer"]);
  });
});
