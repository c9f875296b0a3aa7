/** What a bisection touches of the world; tests bring their own. */
import type { Scenario } from "../../src/scenario/scenario.ts";
import type { Ledger } from "../../src/verdict/ledger.ts";
import type { ReportProgress } from "../assets/progress.ts";
import type { ScenarioRecord } from "../evidence/record.ts";
import type { TreeKernel, TreeKernelOptions } from "../kernel/tree-kernel.ts";
import type { Bench } from "../run/bench.ts";

/** What a bisection needs done. */
export interface BisectWorld {
  /** @throws {KernelBuildError} where the commit makes no kernel */
  readonly buildCommit: (repository: string, commit: string, options: TreeKernelOptions) => Promise<TreeKernel>;
  /** Opens a bench on an image. */
  readonly openBench: (image: string) => Promise<Bench>;
  readonly scenario: Scenario;
  readonly ledger: Ledger;
  /** Version by whose rules kernels are judged; null where each is by its own. */
  readonly judgedAs: string | null;
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}

/** Record of a run, and what ended it where that was no answer. */
export interface Trial {
  readonly record: ScenarioRecord;
  /** The kernel did not come up, or found no function. */
  readonly dead: string | null;
}
