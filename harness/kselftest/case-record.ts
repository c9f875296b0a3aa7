/** What came of a case: `--json` writes one a line. */

/**
 * `known`: it failed or was skipped as an explanation says. `error`: no answer was had.
 */
export const caseVerdicts = ["pass", "fail", "known", "skip", "error"] as const;

/** What came of a case, in one word. */
export type CaseVerdict = (typeof caseVerdicts)[number];

/** The record of a case. `record` changes when a field is removed or changes its meaning. */
export interface CaseRecord {
  readonly record: 1;
  readonly case: string;
  readonly program: string;
  readonly verdict: CaseVerdict;
  /** Why it is no plain pass, in one line; null for a pass. */
  readonly reason: string | null;
  /** Names of explanations that cover it. */
  readonly known: readonly string[];
  /** Names of explanations that were due where it passed. */
  readonly stale: readonly string[];
  /** What the case said beside its result, escaped. */
  readonly diagnosis: readonly string[];
  /** What the kernel said that none says in health. */
  readonly alarms: readonly string[];
  /** The end of the console, of a guest that did not survive it. */
  readonly console: string | null;
  readonly seconds: number;
  readonly kernel: { readonly version: string; readonly digest: string };
  readonly qemu: { readonly version: string; readonly digest: string };
  readonly reproduce: string;
}
