import { describe, expect, it } from "vitest";
import type { Explanation } from "./explanations.ts";
import { judgeCase, type Judgement } from "./judge-case.ts";
import type { ProgramEnd } from "./test-machine.ts";

const name = "iommufd_ioas.no_domain.area";
const assertion = "iommufd.c:973:area:Expected 0 (0) == iovas[i] (4096)";
const failing = `#  RUN           ${name} ...\n# ${assertion}\n# area: Test failed\nnot ok 1 ${name}\n`;

const explanation: Explanation = {
  ...{ name: "unaligned", cases: ["iommufd_ioas.*.area"], outcome: "fail", says: "== iovas[i]" },
  ...{ fault: "configuration", why: "Because", evidence: "Seen" },
};

const ended = (over: Partial<Extract<ProgramEnd, { kind: "ended" }>> = {}): ProgramEnd => ({
  ...{ kind: "ended", exit: 0, signal: null, late: false, output: `ok 1 ${name}\n`, dropped: 0, alarms: [] },
  ...over,
});

const judge = (
  end: ProgramEnd,
  explanations: readonly Explanation[] = [],
  options: readonly string[] = ["IOMMUFD"],
): Judgement => judgeCase({ name, end, explanations, options, limit: 60 });

it("passes what says ok and ends so", () => {
  expect(judge(ended())).toMatchObject({ verdict: "pass", reason: null, stale: [] });
});

it("fails with the assertion that did not hold", () => {
  expect(judge(ended({ output: failing, exit: 1 }))).toMatchObject({
    verdict: "fail",
    reason: assertion,
    diagnosis: [assertion, "area: Test failed"],
  });
});

it("skips with the test's own reason", () => {
  const output = `#      SKIP      no device\nok 1 ${name} # SKIP no device\n`;
  expect(judge(ended({ output }))).toMatchObject({ verdict: "skip", reason: "no device" });
});

describe("an explanation", () => {
  it("makes a fail known where the case says what it says", () => {
    expect(judge(ended({ output: failing, exit: 1 }), [explanation])).toMatchObject({
      verdict: "known",
      reason: `unaligned: ${assertion}`,
      known: ["unaligned"],
    });
  });

  it.each([
    ["says something else", { says: "ENOSPC" }],
    ["is about skips", { outcome: "skip" as const }],
    ["is about other cases", { cases: ["iommufd_ioas.*.copy"] }],
    ["holds only without an option that is set", { without: ["IOMMUFD"] }],
  ])("leaves a fail a fail where it %s", (_, over) => {
    const judgement = judge(ended({ output: failing, exit: 1 }), [{ ...explanation, ...over }]);
    expect(judgement).toMatchObject({ verdict: "fail", known: [] });
  });

  it("holds where one of the options it names is off", () => {
    const without = ["IOMMUFD", "HUGETLBFS"];
    const judgement = judge(ended({ output: failing, exit: 1 }), [{ ...explanation, without }]);
    expect(judgement.verdict).toBe("known");
  });

  it("is stale where the case passes", () => {
    expect(judge(ended(), [explanation])).toMatchObject({ verdict: "pass", stale: ["unaligned"] });
  });

  it("covers neither a kernel's alarm nor a panic, whatever the case says", () => {
    const alarms = ["BUG: KASAN: slab-use-after-free in iopt_unmap"];
    expect(judge(ended({ output: failing, exit: 1, alarms }), [explanation]).verdict).toBe("fail");
    const panic = judge({ kind: "panic", alarms: ["iovas[i]"], console: "== iovas[i]" }, [explanation]);
    expect(panic).toMatchObject({ verdict: "fail", reason: "panic: iovas[i]", console: "== iovas[i]" });
  });
});

describe("fails, whatever the case says:", () => {
  it.each([
    ["an alarm", ended({ alarms: ["WARNING: a at b"] }), "the kernel said: WARNING: a at b"],
    ["no end", ended({ late: true, exit: null, signal: 9, output: "" }), "it did not end in 60 s"],
    ["ok, and exit code 1", ended({ exit: 1 }), "it said ok and ended with exit code 1"],
    ["ok, and a signal", ended({ exit: null, signal: 11 }), "it said ok and ended with signal 11"],
    ["not ok, and exit code 0", ended({ output: failing }), "it said not ok and ended with exit code 0"],
    ["a hang", { kind: "hang", alarms: [], console: "" } as const, "hang: it said nothing"],
  ])("%s", (_, end, reason) => {
    expect(judge(end)).toMatchObject({ verdict: "fail", reason });
  });
});

describe("has no answer where there is", () => {
  it.each([
    ["no result", ended({ output: "TAP version 13\n1..0\n" }), "it gave no result and ended with exit code 0"],
    ["the result of another", ended({ output: "ok 1 a.b\n" }), "it gave no result"],
    ["a result twice", ended({ output: `ok 1 ${name}\nok 2 ${name}\n` }), "it gave more than one result"],
    ["another result beside it", ended({ output: `ok 1 ${name}\nok 2 a.b\n` }), "it gave more than one result"],
  ])("%s", (_, end, reason) => {
    const judgement = judge(end, [explanation]);
    expect(judgement.verdict).toBe("error");
    expect(judgement.reason).toContain(reason);
  });
});
