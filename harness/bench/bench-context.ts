import type { Ledger } from "../../src/verdict/ledger.ts";
import type { Assets } from "../assets/assets.ts";
import type { ReportProgress } from "../assets/progress.ts";
import type { Counts } from "./counts.ts";

/** What every part of the benchmark is given. */
export interface BenchContext {
  readonly assets: Assets;
  readonly counts: Counts;
  readonly ledger: Ledger;
  /** Path of the program `zhil`. */
  readonly program: string;
  /** Makes a new folder for the evidence of a run. */
  readonly createRunFolder: () => Promise<string>;
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}

/** Tells of a task that has a known number of turns; call the result after each. */
export function countTurns(task: string, turns: number, report: ReportProgress): () => void {
  const began = performance.now();
  let done = 0;
  return () => {
    done++;
    const elapsed = performance.now() - began;
    report({ kind: "advance", task, fraction: done / turns, elapsed, remaining: (elapsed / done) * (turns - done) });
  };
}
