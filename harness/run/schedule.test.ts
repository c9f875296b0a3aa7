import { describe, expect, it } from "vitest";
import { defaultJobs, hasRoomAhead } from "./schedule.ts";

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

describe("hasRoomAhead", () => {
  const host = { cores: 2, availableBytes: 8 * gibibyte };

  it("has one machine come up for every worker, and a second where there are cores for it", () => {
    expect([0, 1, 2].map((ahead) => hasRoomAhead(host, ahead, 2))).toEqual([true, false, false]);
    expect([0, 1, 2].map((ahead) => hasRoomAhead(host, ahead, 4))).toEqual([true, false, false]);
    expect([0, 1, 2].map((ahead) => hasRoomAhead(host, ahead, 1))).toEqual([true, true, false]);
    expect([0, 1, 2].map((ahead) => hasRoomAhead({ ...host, cores: 64 }, ahead, 1))).toEqual([true, true, false]);
  });

  it("has none come up under memory pressure", () => {
    expect(hasRoomAhead({ ...host, availableBytes: gibibyte / 4 }, 0, 2)).toBe(false);
  });
});
