/** A record in words. */
import { describePattern, type Pattern } from "../../src/compare/pattern.ts";
import type { ScenarioRecord } from "../evidence/record.ts";
import { escapeLine } from "./escape.ts";

/** One difference of a record. */
export type RecordedDifference = ScenarioRecord["differences"][number];

/** A difference on one line: `step 5 dma-write: memory.q[0]: expected "x", observed nothing`. */
export function describeDifference(difference: RecordedDifference): string {
  const { step, operation, path, expected, observed } = difference;
  return `step ${step} ${operation}: ${path}: expected ${describeExpected(expected)}, observed ${describeObserved(observed)}`;
}

/** What was expected, as text; patterns come from the model and are ours. */
export const describeExpected = (expected: unknown): string => describePattern(expected as Pattern);

/** What was observed, as text; some of it was written by a guest. */
export const describeObserved = (observed: unknown): string =>
  observed === undefined ? "nothing" : escapeLine(JSON.stringify(observed));

/** Why a record of differences is what it is, in one line; null for a plain pass. */
export function summariseDifferences(
  record: Pick<ScenarioRecord, "verdict" | "differences" | "known" | "stale">,
): string | null {
  const { verdict, differences, known, stale } = record;
  if (verdict === "fail") {
    const failing = differences.filter((each) => each.verdict === "fail");
    const [first] = failing;
    if (first === undefined) return "The observations differ from what was expected";
    return describeDifference(first) + (failing.length > 1 ? ` (and ${failing.length - 1} more)` : "");
  }
  const parts: string[] = [];
  if (verdict === "known") {
    const steps = [...new Set(differences.filter((each) => each.verdict === "known").map((each) => each.step))];
    parts.push(`${known.join(", ")} at step${steps.length === 1 ? "" : "s"} ${steps.join(", ")}`);
  }
  if (stale.length > 0) parts.push(`stale: ${stale.join(", ")} was due and did not show`);
  return parts.length === 0 ? null : parts.join("; ");
}

/** Seconds for people: `0.02 s`, `12.3 s`, `2 min 5 s`. */
export function describeSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  if (seconds < 100) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
