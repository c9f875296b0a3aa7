import { describe, expect, it } from "vitest";
import { exampleOf, type Pattern } from "../compare/pattern.ts";
import { predict } from "../model/model.ts";
import type { QuirkName } from "../model/quirks.ts";
import type { Operation } from "../operation/operation.ts";
import { ledgerEntry } from "../testing/ledger-entry.ts";
import { planOf, resetAndBlocked } from "../testing/plan-of.ts";
import type { Observation } from "../trace/observation.ts";
import type { TraceStep } from "../trace/trace.ts";
import { judge } from "./judge.ts";
import type { Ledger } from "./ledger.ts";

const plan = resetAndBlocked;
const enable = 10;
const final = 12;

const observed = (quirks: QuirkName[]): TraceStep[] =>
  predict(plan, new Set(quirks)).map(({ expectation }, index) => ({
    step: index + 1,
    operation: plan.steps[index]?.operation ?? ({ op: "look" } satisfies Operation),
    observation: exampleOf(expectation as unknown as Pattern) as unknown as Observation,
    ...{ note: null, evidence: { micros: 0, log: [], raw: null } },
  }));

const ledger = [ledgerEntry("shadow-by-rpcit"), ledgerEntry("blocked-dma-silent")];
const verdicts = (quirks: QuirkName[], entries: Ledger): string[] =>
  judge(plan, { steps: observed(quirks) }, entries).steps.map((each) => each.verdict);

describe("judge", () => {
  it("passes what keeps the contract where nothing is known against it", () => {
    expect(judge(plan, { steps: observed([]) }, []).verdict).toBe("pass");
  });

  it("fails a deviation that no entry explains, at its step", () => {
    const judgement = judge(plan, { steps: observed(["shadow-by-rpcit"]) }, []);
    expect(judgement.verdict).toBe("fail");
    expect(judgement.steps.findIndex((each) => each.verdict === "fail")).toBe(enable - 1);
  });

  it("knows a deviation by its entry, at its steps only", () => {
    const judgement = judge(plan, { steps: observed(["shadow-by-rpcit", "blocked-dma-silent"]) }, ledger);
    expect(judgement.verdict).toBe("known");
    const known = judgement.steps.filter((each) => each.verdict === "known");
    expect(known[0]).toMatchObject({ step: enable, entries: ["shadow-by-rpcit"] });
    expect(known.map((each) => each.step)).not.toContain(1);
  });

  it("says stale where the contract is kept although an entry was due, and judges the rest by the contract", () => {
    const judgement = judge(plan, { steps: observed(["blocked-dma-silent"]) }, ledger);
    expect(judgement.stale).toEqual(["shadow-by-rpcit"]);
    expect(judgement.known).toEqual(["blocked-dma-silent"]);
    expect(judgement.verdict).toBe("known");
  });

  it("fails what is neither contract nor quirk", () => {
    const steps = observed(["shadow-by-rpcit", "blocked-dma-silent"]);
    const broken = steps.map((each) =>
      each.step === enable ? { ...each, observation: { ...each.observation, messages: ["a error 0x9"] } } : each,
    );
    expect(judge(plan, { steps: broken }, ledger).verdict).toBe("fail");
  });

  it("applies an entry only in its range of versions", () => {
    expect(verdicts(["blocked-dma-silent"], [ledgerEntry("blocked-dma-silent", { before: "7.2" })])[final - 1]).toBe(
      "fail",
    );
    expect(verdicts(["blocked-dma-silent"], [ledgerEntry("blocked-dma-silent", { from: "7.2" })])[final - 1]).toBe(
      "known",
    );
  });

  it("fails a kernel that raises an alarm", () => {
    const steps = observed([]).map((each) => ({
      ...each,
      observation: { ...each.observation, alarms: ["WARNING: drivers/iommu/s390-iommu.c"] },
    }));
    expect(judge(plan, { steps }, []).verdict).toBe("fail");
  });

  it("says where versions lie beyond what the model was written for", () => {
    const newer = { ...plan, profile: { ...plan.profile, qemu: { version: "12.0.1", digest: "none" } } };
    expect(judge(newer, { steps: [] }, []).caveats).toEqual([
      "qemu 12.0.1 is newer than any the model was written for: judged as 11.1",
    ]);
  });

  it("says how many scenarios had the kernel before", () => {
    const virtual = { ...plan.profile, bench: "lpar", hypervisor: "KVM/Linux" } as const;
    expect(judge({ ...plan, profile: virtual }, { steps: [] }, []).caveats).toEqual([
      "zPCI is executed by a QEMU of unknown version: judged as any",
    ]);
    const caveatsAfter = (...kernelUsedBy: string[]): readonly string[] =>
      judge({ ...plan, profile: { ...plan.profile, kernelUsedBy } }, { steps: [] }, []).caveats;
    expect(caveatsAfter()).toEqual([]);
    expect(caveatsAfter("one")).toEqual(["kernel shared with 1 scenario before this one"]);
    expect(caveatsAfter("one", "two")).toEqual(["kernel shared with 2 scenarios before this one"]);
  });

  it("judges a trace that ends early as far as it goes", () => {
    expect(judge(plan, { steps: observed([]).slice(0, 3) }, []).steps).toHaveLength(3);
  });
});

describe("judge, where timing decides", () => {
  const racing = planOf(
    `take-iommufd: { function: a }
     ioas-alloc: { ioas: A }
     attach: { function: a, to: A }
     start-nvme: { function: a, ioas: A }
     dma-write: { function: a, iova: base+0x10000, block: 1 }
     nvme-enable: { function: a, iova: base }
     dma-write: { function: a, iova: base+0x10000, block: 1 }
     nvme-enable: { function: a, iova: base }`,
    { bench: "emulated" },
  );
  const refused = [racing.steps.length - 4, racing.steps.length - 2] as const;
  const quirks: QuirkName[] = ["shadow-by-rpcit", "examined-function-raises-again"];
  const script = (first: number, second: number): number[][] =>
    racing.steps.map((_, index) => (index === refused[0] ? [first] : index === refused[1] ? [second] : []));
  const seen = (first: number, second: number): TraceStep[] =>
    predict(racing, new Set(quirks), script(first, second)).map(({ expectation }, index) => ({
      step: index + 1,
      operation: racing.steps[index]?.operation ?? ({ op: "look" } satisfies Operation),
      observation: exampleOf(expectation as unknown as Pattern) as unknown as Observation,
      ...{ note: null, evidence: { micros: 0, log: [], raw: null } },
    }));
  const entries = quirks.map((name) => ledgerEntry(name));

  it.each([
    [0, 0, "pass", []],
    [1, 0, "pass", []],
    [1, 1, "pass", []],
    [0, 2, "known", ["examined-function-raises-again", "shadow-by-rpcit"]],
    [1, 2, "known", ["examined-function-raises-again", "shadow-by-rpcit"]],
  ] as const)("finds the way that was taken: %i, %i", (first, second, verdict, known) => {
    const judgement = judge(racing, { steps: seen(first, second) }, entries);
    expect(judgement.verdict).toBe(verdict);
    expect([...judgement.known].sort()).toEqual(known);
  });

  it("fails what no way explains, at the step that the best of them reaches", () => {
    const steps = seen(1, 1).map((each, index) =>
      index === racing.steps.length - 1 ? { ...each, observation: { ...each.observation, result: "EBUSY" } } : each,
    );
    const judgement = judge(racing, { steps }, entries);
    expect(judgement.verdict).toBe("fail");
    expect(judgement.steps.filter((each) => each.verdict === "fail").map(({ step }) => step)).toEqual([
      racing.steps.length,
    ]);
  });

  it("fails a reset that no entry of the ledger explains", () => {
    expect(judge(racing, { steps: seen(0, 2) }, [ledgerEntry("shadow-by-rpcit")]).verdict).toBe("fail");
  });
});
