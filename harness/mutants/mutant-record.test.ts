import { describe, expect, it } from "vitest";
import type { ScenarioRecord, Verdict } from "../evidence/record.ts";
import { mutantExitCode, describeKill } from "./describe-mutants.ts";
import { decideFate, isExpectedKill, type Fate, type MutantRecord } from "./mutant-record.ts";

function recordOf(scenario: string, verdict: Verdict, observed: unknown = "panic"): ScenarioRecord {
  const difference = {
    step: 3,
    operation: "detach",
    verdict: "fail",
    path: "result",
    expected: "OK",
    observed,
  } as const;
  return {
    ...{ record: 1, scenario, summary: "", tags: [scenario[0]!], seeds: [], file: "", details: [] },
    ...{
      known: [],
      stale: [],
      caveats: [],
      steps: { planned: 3, performed: 3 },
      started: "",
      seconds: 1,
      phases: {},
    },
    profile: {
      bench: "model",
      kernel: { version: "7.2", digest: "none", patches: [] },
      qemu: { version: "", digest: "" },
    },
    ...{ evidence: "", trace: null, reproduce: "", verdict },
    reason: verdict === "error" ? "No answer in 5 s" : null,
    differences: verdict === "fail" ? [{ ...difference, verdict: "known", path: "values" }, difference] : [],
  };
}

describe("decideFate", () => {
  it("calls a fail a kill, a panic too, and names the field that failed", () => {
    const decision = decideFate([recordOf("a", "pass"), recordOf("b", "fail"), recordOf("c", "error")]);
    const kill = { scenario: "b", step: 3, operation: "detach", path: "result", expected: "OK", observed: "panic" };
    expect(decision).toEqual({ fate: "killed", reason: null, kills: [kill], answered: 2 });
    expect(describeKill(kill)).toBe('b, step 3 detach: result: expected "OK", observed "panic"');
  });

  it("does not call an error a kill", () => {
    expect(decideFate([recordOf("a", "pass"), recordOf("b", "error"), recordOf("c", "error")])).toEqual({
      ...{ fate: "unclear", kills: [], answered: 1 },
      reason: "No answer from b: No answer in 5 s (and 1 more)",
    });
  });

  it("calls it survived only where every scenario that could run passed", () => {
    const survived = [recordOf("a", "pass"), recordOf("b", "known"), recordOf("c", "skip")];
    expect(decideFate(survived)).toMatchObject({
      fate: "survived",
      answered: 2,
      reason: "2 scenarios see no difference",
    });
    expect(decideFate([recordOf("c", "skip")]).fate).toBe("unclear");
    expect(decideFate([]).fate).toBe("unclear");
  });
});

describe("isExpectedKill", () => {
  it("asks whether a killer has an expected tag", () => {
    const records = [recordOf("a", "fail"), recordOf("b", "pass")];
    const decision = decideFate(records);
    expect(isExpectedKill({ tags: ["a"] }, decision, records)).toBe(true);
    expect(isExpectedKill({ tags: ["b"] }, decision, records)).toBe(false);
    expect(isExpectedKill({ tags: ["a"] }, decideFate([]), records)).toBeNull();
  });
});

describe("mutantExitCode", () => {
  const run = (...fates: Fate[]) => ({
    ...{ missing: [], unfit: [], interrupted: false, seconds: 1 },
    records: fates.map((fate) => ({ fate }) as MutantRecord),
  });

  it("is 0 only where all were killed", () => {
    expect(mutantExitCode(run("killed", "killed"))).toBe(0);
    expect(mutantExitCode(run())).toBe(2);
  });

  it("is 1 for a survivor, whatever else there is", () => {
    expect(mutantExitCode(run("killed", "survived", "unbuilt"))).toBe(1);
  });

  it.each(["unclear", "broken", "unbuilt"] as const)("is 2 for one that is %s", (fate) => {
    expect(mutantExitCode(run("killed", fate))).toBe(2);
  });

  it("is 2 where the run was cut short or the suite is not sound", () => {
    expect(mutantExitCode({ ...run("killed"), interrupted: true })).toBe(2);
    expect(mutantExitCode({ ...run("killed"), missing: ["x"] })).toBe(2);
    expect(mutantExitCode({ ...run("killed"), unfit: [recordOf("a", "fail")] })).toBe(2);
  });
});
