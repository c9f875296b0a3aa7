/** Exit codes, the same for every command. */
import type { BrokenReporter, RunResult } from "../report/reporter.ts";

/**
 * 0: all is well; 1: something differs from what was expected; 2: no answer was had, or the call was wrong. For `git bisect run`
 * 2 would be an answer: what is called by it exits with 125 instead.
 */
export type ExitCode = 0 | 1 | 2 | 125;

/** The exit code of a call that had no answer: usage errors and crashes among them. */
export const noAnswerCode = ([command]: readonly string[]): 2 | 125 => (command === "bisect-step" ? 125 : 2);

/**
 * The exit code of a run. A reporter that broke makes it 2 whatever else happened: what the run says is then not to be
 * relied on. Otherwise a fail is a fail, even where other scenarios ended in errors.
 */
export function exitCodeOf(
  result: Pick<RunResult, "records" | "missing" | "interrupted">,
  broken: readonly BrokenReporter[],
): ExitCode {
  if (broken.length > 0) return 2;
  const verdicts = new Set(result.records.map((record) => record.verdict));
  if (verdicts.has("fail")) return 1;
  if (verdicts.has("error") || verdicts.size === 0) return 2;
  return result.interrupted || result.missing.length > 0 ? 2 : 0;
}
