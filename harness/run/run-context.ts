import type { Scenario } from "../../src/scenario/scenario.ts";
import type { Ledger } from "../../src/verdict/ledger.ts";
import type { Bench } from "./bench.ts";

/** What every scenario of a run shares. */
export interface RunContext {
  readonly bench: Bench;
  readonly ledger: Ledger;
  /** Version by whose rules kernels are judged, instead of by those of their own. */
  readonly judgedAs?: string | null;
  /** Folder of the run; each scenario gets one in it. */
  readonly runFolder: string;
  /** Keeps the console of scenarios that went well, too. */
  readonly keep: boolean;
  /** The command line that runs a scenario again. */
  readonly reproduce: (scenario: Pick<Scenario, "name" | "file" | "onDevice">) => string;
  readonly signal: AbortSignal;
}
