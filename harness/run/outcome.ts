/** What came of a scenario: the part of its record that was decided, not given. */
import type { Judgement } from "../../src/verdict/judge.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";
import { describeError } from "../errors/describe-error.ts";
import type { ScenarioRecord } from "../evidence/record.ts";
import { summariseDifferences } from "../report/describe-record.ts";
import { escapeLines } from "../report/escape.ts";
import type { PerformanceError } from "./perform-plan.ts";

/** The decided part of a record. */
export type Outcome = Pick<
  ScenarioRecord,
  "verdict" | "reason" | "details" | "differences" | "known" | "stale" | "caveats" | "steps"
>;

const nothing = { details: [], differences: [], known: [], stale: [], caveats: [] };

/** The scenario cannot run here. */
export const skipOutcome = (scenario: Pick<Scenario, "steps">, missing: readonly string[]): Outcome => ({
  ...nothing,
  verdict: "skip",
  reason: missing.join("; "),
  steps: { planned: scenario.steps.length, performed: 0 },
});

/** Every answer was had, and judged; `error` is what went wrong afterwards. */
export function judgedOutcome(
  scenario: Pick<Scenario, "steps">,
  judgement: Judgement,
  error: PerformanceError | null,
): Outcome {
  const decided = {
    ...recordJudgement(scenario, judgement),
    verdict: judgement.verdict,
    details: error === null ? [] : describeError(error.cause).flatMap(escapeLines),
    steps: { planned: scenario.steps.length, performed: judgement.steps.length },
  };
  return { ...decided, reason: summariseDifferences(decided) };
}

/** No answer was had, at least at the end; what was judged before is kept beside the error. */
export function errorOutcome(
  scenario: Pick<Scenario, "steps">,
  { cause, during }: PerformanceError,
  judgement: Judgement | null,
  signal: AbortSignal,
): Outcome {
  // What fails after an abort mostly fails because of it.
  const lines = describeError(signal.aborted ? signal.reason : cause).flatMap(escapeLines);
  const [first = "Unknown error", ...details] = lines;
  return {
    ...(judgement === null ? nothing : recordJudgement(scenario, judgement)),
    verdict: "error",
    reason: `${first}${describePlace(scenario, during)}`,
    details,
    steps: { planned: scenario.steps.length, performed: judgement?.steps.length ?? 0 },
  };
}

function describePlace({ steps }: Pick<Scenario, "steps">, during: PerformanceError["during"]): string {
  switch (during) {
    case "start":
      return "";
    case "end":
      return " (after the last step)";
    default:
      return ` (at step ${during}, ${steps[during - 1]?.op ?? "none"})`;
  }
}

function recordJudgement(
  scenario: Pick<Scenario, "steps">,
  { steps, known, stale, caveats }: Judgement,
): Pick<Outcome, "differences" | "known" | "stale" | "caveats"> {
  const differences = steps.flatMap(({ step, verdict, differences: found }) =>
    verdict === "pass"
      ? []
      : found.map(({ path, expected, observed }) => ({
          step,
          operation: scenario.steps[step - 1]?.op ?? "",
          verdict,
          path,
          expected,
          ...(observed === undefined ? {} : { observed }),
        })),
  );
  return { differences, known: [...known], stale: [...stale], caveats: [...caveats] };
}
