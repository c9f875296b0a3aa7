/** Judging a trace: every observation against the contract and against what the profile is known to do. */
import { compareObservation, isSameExpectation, type Expectation } from "../compare/compare.ts";
import type { Difference } from "../compare/pattern.ts";
import { nextScript, type Script } from "../model/choices.ts";
import { knownVersions, unknownKernels, type Step } from "../model/model.ts";
import type { QuirkName } from "../model/quirks.ts";
import type { Plan } from "../plan/plan.ts";
import type { Profile } from "../trace/profile.ts";
import type { Observation } from "../trace/observation.ts";
import { compareVersions, isAtLeast } from "../zpci/version.ts";
import { Deviation } from "./deviation.ts";
import { Predictions } from "./predictions.ts";
import { isOnSomeQemu, quirksOf, type Ledger } from "./ledger.ts";

/** How one step was judged. */
export interface StepJudgement {
  readonly step: number;
  /** `known`: it deviates from the contract as a ledger entry says; `stale`: an entry said it would, and it did not. */
  readonly verdict: "pass" | "known" | "stale" | "fail";
  /** Ledger entries that explain a `known` or were due at a `stale` step. */
  readonly entries: readonly QuirkName[];
  /** The contract. */
  readonly contract: Expectation;
  /** What the profile is known to do, where that differs. */
  readonly quirk: Expectation | null;
  /** Against the quirk where one is due and the step fails, else against the contract. */
  readonly differences: readonly Difference[];
}

/** How a trace was judged. */
export interface Judgement {
  readonly verdict: "pass" | "known" | "fail";
  readonly steps: readonly StepJudgement[];
  readonly known: readonly QuirkName[];
  readonly stale: readonly QuirkName[];
  /** What a reader must know of the judgement: versions beyond what the model was written for, a kernel that was not pristine. */
  readonly caveats: readonly string[];
}

/** What was performed of a plan: what was observed at each step. */
export interface Performed {
  readonly steps: readonly { readonly observation: Observation }[];
}

/** A judgement, and what the model predicted on the way that explains the trace, or explains it longest. */
export interface Explanation {
  readonly judgement: Judgement;
  /** By the contract. */
  readonly contract: readonly Step[];
  /** By what the profile is known to do; the same list where that is nothing else. */
  readonly deviating: readonly Step[];
}

/** Judges a trace of a plan. Steps that the trace does not have are not judged. */
export const judge = (plan: Plan, trace: Performed, ledger: Ledger): Judgement =>
  explain(plan, trace, ledger).judgement;

/** Judges a trace of a plan, and keeps the predictions that it was judged by. */
export const explain = (plan: Plan, trace: Performed, ledger: Ledger): Explanation =>
  explainBy(new Predictions(plan), trace, ledger);

/** Judges a trace of the plan that predictions are of: what was predicted for another trace of it is not predicted again. */
export function explainBy(predictions: Predictions, trace: Performed, ledger: Ledger): Explanation {
  const { plan } = predictions;
  const caveats = caveatsOf(plan.profile);
  const stale = new Set<QuirkName>();
  let quirks = quirksOf(ledger, plan.profile);
  for (;;) {
    const { steps, contract, deviating } = judgeEveryWay(predictions, trace, quirks);
    const gone = steps.filter((each) => each.verdict === "stale").flatMap((each) => each.entries);
    if (gone.length === 0) return { judgement: summarise(steps, stale, caveats), contract, deviating };
    // The quirk is not there: the rest of the run follows the contract, so judge it again without.
    for (const name of gone) stale.add(name);
    quirks = new Set([...quirks].filter((name) => !gone.includes(name)));
  }
}

function summarise(
  steps: readonly StepJudgement[],
  stale: ReadonlySet<QuirkName>,
  caveats: readonly string[],
): Judgement {
  const known = [...new Set(steps.filter((each) => each.verdict === "known").flatMap((each) => each.entries))];
  const failed = steps.some((each) => each.verdict === "fail");
  return { verdict: failed ? "fail" : known.length > 0 ? "known" : "pass", steps, known, stale: [...stale], caveats };
}

/** Steps judged against one way that things may have gone. */
interface Way {
  readonly steps: readonly StepJudgement[];
  readonly contract: readonly Step[];
  readonly deviating: readonly Step[];
}

/** Judges against every way that things may have gone, until one explains the trace; else against the one that does longest. */
function judgeEveryWay(predictions: Predictions, trace: Performed, quirks: ReadonlySet<QuirkName>): Way {
  let best: { readonly way: Way; readonly failed: number } | null = null;
  let before: readonly StepJudgement[] = [];
  for (let script: Script | null = []; script !== null;) {
    const deviation = new Deviation(predictions, quirks, script);
    const { steps: deviating, contract } = deviation;
    // Up to the last step that it tells of, a script is as the one before it.
    const steps: readonly StepJudgement[] = judgeSteps(
      trace,
      deviation,
      before.slice(0, Math.max(0, script.length - 1)),
    );
    before = steps;
    const way = { steps, contract, deviating };
    const failed = steps.findIndex((each) => each.verdict === "fail");
    if (failed < 0) return way;
    if (best === null || failed > best.failed) best = { way, failed };
    // What is chosen after the first failure cannot mend it.
    script = nextScript(deviating.slice(0, failed + 1).map((each) => each.choices));
  }
  return best?.way ?? { steps: [], contract: [], deviating: [] };
}

function judgeSteps(
  trace: Performed,
  deviation: Deviation,
  judged: readonly StepJudgement[],
): readonly StepJudgement[] {
  const { contract, steps: deviating } = deviation;
  return trace.steps.map(({ observation }, index) => {
    const known = judged[index];
    if (known !== undefined) return known;
    const expected = contract[index]?.expectation;
    const quirk = deviating[index]?.expectation;
    if (expected === undefined || quirk === undefined) throw new RangeError("The trace is longer than its plan");
    const againstContract = compareObservation(expected, observation);
    const differs = !isSameExpectation(expected, quirk);
    const base = { step: index + 1, contract: expected, quirk: differs ? quirk : null };
    if (!differs) {
      return {
        ...base,
        verdict: againstContract.length === 0 ? "pass" : "fail",
        entries: [],
        differences: againstContract,
      };
    }
    const againstQuirk = compareObservation(quirk, observation);
    const entries = (): readonly QuirkName[] => attribute(index, quirk, deviation);
    if (againstQuirk.length === 0 && againstContract.length === 0) {
      return { ...base, verdict: "pass", entries: [], differences: [] };
    }
    if (againstQuirk.length === 0)
      return { ...base, verdict: "known", entries: entries(), differences: againstContract };
    if (againstContract.length === 0) return { ...base, verdict: "stale", entries: entries(), differences: [] };
    return { ...base, verdict: "fail", entries: entries(), differences: againstQuirk };
  });
}

/** The entries without which the step would be predicted otherwise; all of them where each alone is enough. */
function attribute(index: number, quirk: Expectation, deviation: Deviation): readonly QuirkName[] {
  const needed = deviation.asked.filter((name) => {
    const expected = deviation.without(name, index)?.expectation;
    return expected === undefined || !isSameExpectation(expected, quirk);
  });
  return needed.length > 0 ? needed : deviation.asked;
}

function caveatsOf(profile: Profile): string[] {
  const before = profile.kernelUsedBy?.length ?? 0;
  const shared =
    before === 0 ? [] : [`kernel shared with ${before} scenario${before === 1 ? "" : "s"} before this one`];
  const unknown = isOnSomeQemu(profile) ? ["zPCI is executed by a QEMU of unknown version: judged as any"] : [];
  const versions = (["kernel", "qemu"] as const).flatMap((component) => {
    const { version } = profile[component];
    // No QEMU takes part in what a host of its own does.
    if (component === "qemu" && profile.bench === "lpar") return [];
    const { oldest, newest } = knownVersions[component];
    const [major, minor] = version.split(".");
    const line = `${major ?? "0"}.${minor ?? "0"}`;
    if (compareVersions(line, newest) > 0) {
      return [`${component} ${version} is newer than any the model was written for: judged as ${newest}`];
    }
    if (compareVersions(line, oldest) < 0) {
      return [`${component} ${version} is older than any the model was written for: judged as ${oldest}`];
    }
    return [];
  });
  const { version } = profile.kernel;
  const isUnknown = isAtLeast(version, unknownKernels.from) && !isAtLeast(version, unknownKernels.before);
  const between = isUnknown
    ? [`kernel ${version} is of a line that the model was not written for: judged as ${unknownKernels.before}`]
    : [];
  return [...versions, ...unknown, ...between, ...shared];
}
