import { describe, expect, it } from "vitest";
import { defaultJobs } from "./schedule.ts";

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
