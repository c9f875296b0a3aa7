import type { Plan } from "../../src/plan/plan.ts";
import type { Phases, StartedTarget } from "../../src/target/target.ts";
import type { Profile } from "../../src/trace/profile.ts";
import type { TraceStep } from "../../src/trace/trace.ts";
import type { Judgement } from "../../src/verdict/judge.ts";
import type { ScenarioFolder } from "../evidence/scenario-folder.ts";
import { Laps } from "../wait/laps.ts";
import { makeHeader } from "./recorder.ts";

/** What was had of a plan, and what kept the rest from an answer. */
export interface Performance {
  /** How the steps were judged that were had. */
  readonly judgement: Judgement;
  /** Null where every answer was had and the target ended well. */
  readonly error: PerformanceError | null;
  /** Where the time went. */
  readonly phases: Phases;
}

/** What kept a plan from an answer, and when: before the first operation, during one, or after the last. */
export interface PerformanceError {
  readonly cause: unknown;
  readonly during: "start" | TraceStep["step"] | "end";
}

/** Results after which nobody is left to ask. */
const lastResults: readonly string[] = ["panic", "hang", "stopped"];

/** Judges what was had of a plan, on the profile that the started target knows; on the plan's where it never started. */
export type JudgeSteps = (profile: Profile, steps: readonly TraceStep[]) => Judgement;

/**
 * Performs a plan's operations in order, each step written to the trace before the next begins. They are judged before the
 * target ends: one that failed is not to be used again. What goes wrong does not reject: an error comes back beside the
 * judgement of the steps before it.
 * @throws whatever judging throws
 */
export async function performPlan(
  plan: Plan,
  starting: Promise<StartedTarget>,
  folder: ScenarioFolder,
  judgeSteps: JudgeSteps,
  signal: AbortSignal,
): Promise<Performance> {
  const steps: TraceStep[] = [];
  const laps = new Laps();
  let profile = plan.profile;
  let during: PerformanceError["during"] = "start";
  let before: Phases = {};
  let judgement: Judgement | null = null;
  try {
    await using started = await starting;
    laps.end("wait");
    before = started.phases ?? {};
    profile = started.profile;
    signal.throwIfAborted();
    folder.beginTrace(makeHeader(plan, profile));
    for (const [index, planned] of plan.steps.entries()) {
      during = index + 1;
      const { observation, evidence } = await started.perform(planned.operation, signal);
      const step: TraceStep = { step: index + 1, ...planned, observation, evidence };
      folder.addStep(step);
      steps.push(step);
      if (lastResults.includes(observation.result)) break;
    }
    laps.end("operations");
    during = "end";
    judgement = judgeSteps(profile, steps);
    if (judgement.verdict === "fail") started.distrust?.(`scenario "${plan.scenario}" failed on it`);
    laps.end("verdict");
  } catch (cause) {
    judgement ??= judgeSteps(profile, steps);
    return { judgement, error: { cause, during }, phases: { ...before, ...laps.phases } };
  }
  laps.end("teardown");
  return { judgement, error: null, phases: { ...before, ...laps.phases } };
}
