import { describe, expect, it } from "vitest";
import { recordOf, failOf } from "../testing/record-of.ts";
import { compareNights } from "./compare-nights.ts";
import { foldAttempts, type MachineResult, type NightResult, type UnitResult } from "./night-result.ts";

const pass = foldAttempts([recordOf()], "nvme");
const ran = { kernel: { version: "7.2.13", digest: "a" }, qemu: { version: "11.1.3", digest: "b" } };

const machineOf = (units: readonly UnitResult[], changes: Partial<MachineResult> = {}): MachineResult => ({
  ...{ name: "emulated/lean/newest", bench: "emulated", kernel: "lean", qemu: "newest", ran, problem: null },
  ...{ seconds: 1, units: [...units], ...changes },
});
const nightOf = (night: string, ...machines: readonly MachineResult[]): NightResult => ({
  ...{ night, started: "2026-11-21T12:00:00.000Z", machines: [...machines] },
});
const compare = (now: Partial<UnitResult>, before: Partial<UnitResult>) =>
  compareNights(
    nightOf("2", machineOf([{ ...pass, ...now }])),
    nightOf("1", machineOf([{ ...pass, ...before }])),
  ).changes.map(({ kind, why }) => `${kind}: ${why}`);

const bad: Partial<UnitResult> = {
  verdict: "fail",
  attempts: ["fail", "fail", "fail"],
  reason: "EIO",
  signature: "step 2 open: result",
};
const flaky: Partial<UnitResult> = { ...bad, attempts: ["fail", "pass"] };

describe("compareNights", () => {
  it.each<[string, Partial<UnitResult>, Partial<UnitResult>, string[]]>([
    ["good before and now", {}, {}, []],
    ["bad now", bad, {}, ["new failure: EIO"]],
    ["bad before and now", bad, bad, ["still failing: EIO"]],
    ["bad otherwise", bad, { ...bad, signature: "step 1" }, ["still failing: otherwise than before (step 1): EIO"]],
    ["bad before", {}, bad, ["fixed: pass; it was: EIO"]],
    ["flaky now", flaky, bad, ["flaky: 1 of 2 attempts: EIO"]],
    ["flaky before, bad now", bad, flaky, ["new failure: flaky before: EIO"]],
    ["flaky before: a pass is no fix", {}, flaky, []],
    ["no answer now", { ...bad, verdict: "error", attempts: ["error"] }, {}, ["new failure: EIO"]],
    [
      "skipped now",
      { verdict: "skip", attempts: ["skip"], reason: "no NVMe" },
      bad,
      ["no answer any more: skipped: no NVMe"],
    ],
    ["skipped before", {}, { verdict: "skip", attempts: ["skip"] }, []],
    [
      "known now",
      { verdict: "known", known: ["shadow-by-rpcit"] },
      {},
      ["differs: known shadow-by-rpcit; it was pass"],
    ],
    ["stale now", { stale: ["shadow-by-rpcit"] }, {}, ["differs: pass stale shadow-by-rpcit; it was pass"]],
  ])("%s", (_, now, before, expected) => {
    expect(compare(now, before)).toEqual(expected);
  });

  it("has everything bad as new in the first night, and the worst first", () => {
    const units = [{ ...pass, ...flaky, scenario: "wavers" }, { ...pass, ...bad, scenario: "breaks" }, pass];
    const { changes, against } = compareNights(nightOf("1", machineOf(units)), null);
    expect(changes.map(({ kind, scenario }) => [kind, scenario])).toEqual([
      ["new failure", "breaks"],
      ["flaky", "wavers"],
    ]);
    expect(against).toBeNull();
  });

  it("tells of other versions, and of other images of the same version", () => {
    const other = { kernel: { version: "7.2.14", digest: "c" }, qemu: { version: "11.1.3", digest: "d" } };
    const { replaced } = compareNights(nightOf("2", machineOf([], { ran: other })), nightOf("1", machineOf([])));
    expect(replaced.map(({ what }) => what)).toEqual(["kernel 7.2.13 → 7.2.14", "QEMU another 11.1.3"]);
  });

  it("tells what took longer than the others did, not what a busy host did to all", () => {
    const unitsOf = (seconds: readonly number[]): UnitResult[] =>
      seconds.map((each, index) => ({ ...pass, scenario: `s${index}`, seconds: each }));
    const before = nightOf("1", machineOf(unitsOf([1, 2, 3, 2, 0.1])));
    const busy = nightOf("2", machineOf(unitsOf([3, 6, 9, 18, 0.9])));
    expect(compareNights(busy, before).durations).toEqual([
      { machine: "emulated/lean/newest", scenario: "s3", before: 2, now: 18 },
    ]);
    expect(compareNights(before, before).durations).toEqual([]);
  });
});

describe("foldAttempts", () => {
  it("has the worst of different answers, and the time of the first", () => {
    const records = [recordOf({ seconds: 1 }), failOf("EIO", { seconds: 2, scenario: "attach-twice" })];
    const unit = foldAttempts(records, "nvme");
    expect(unit).toMatchObject({ verdict: "fail", attempts: ["pass", "fail"], seconds: 1, device: "nvme" });
    expect(unit.signature).toBe("step 2 replace: result");
  });

  it("has a signature without what changes from run to run", () => {
    const died = (reason: string): string | null =>
      foldAttempts([recordOf({ verdict: "error", reason })], "nvme").signature;
    expect(died("QEMU died (process 4711) at 0xffe1")).toBe(died("QEMU died (process 12) at 0x1"));
    expect(() => foldAttempts([], "nvme")).toThrow("never attempted");
  });
});
