/** What performs the scenarios of a machine: a bench in this process, or workers elsewhere. */
import type { ScenarioRecord } from "../evidence/record.ts";
import { HarnessError } from "../errors/harness-error.ts";
import type { ReporterGroup } from "../report/reporter.ts";
import type { Bench } from "../run/bench.ts";
import type { RunContext } from "../run/run-context.ts";
import { runSuite } from "../run/run-suite.ts";
import type { ScenarioFolder } from "../scenarios/read-scenarios.ts";
import type { MachineResult } from "./night-result.ts";

/** A machine that cannot be had after all, which is no matter of any scenario. */
export class MachineLostError extends HarnessError {
  override readonly name = "MachineLostError";
}

/** One attempt at some scenarios. */
export interface Attempt {
  /** Where the evidence goes, a folder for each scenario. */
  readonly folder: string;
  /** From 1. */
  readonly attempt: number;
  /** Seconds that scenarios took before, as far as known. */
  readonly durations: ReadonlyMap<string, number>;
}

/** Whoever performs scenarios of a machine. */
export interface Performer {
  /** Kernel and QEMU of the machine; null where none of them has run yet. */
  readonly ran: MachineResult["ran"];
  /**
   * Performs scenarios and leaves their evidence. Of an interrupted attempt there is what was had.
   * @throws {InfrastructureError} where evidence cannot be written
   */
  perform(wanted: ScenarioFolder, attempt: Attempt): Promise<readonly ScenarioRecord[]>;
}

/** What performing here takes. */
export interface LocalRun extends Omit<RunContext, "runFolder" | "keep"> {
  /** Scenarios at a time. */
  readonly jobs: number;
  /** Reporters for a run of some scenarios. */
  readonly reporters: () => ReporterGroup;
}

/** The kernel and QEMU that a bench has, or that a record is of. */
export function identify({
  profile: { kernel, qemu },
}: Pick<Bench, "profile"> | Pick<ScenarioRecord, "profile">): NonNullable<MachineResult["ran"]> {
  return {
    kernel: { version: kernel.version, digest: kernel.digest },
    qemu: { version: qemu.version, digest: qemu.digest },
  };
}

/** Performs scenarios on a bench of this process. */
export const performHere = (run: LocalRun): Performer => ({
  ran: identify(run.bench),
  perform: async (wanted, { folder, durations }) => {
    const context = { ...run, reporters: run.reporters(), runFolder: folder, keep: false, durations };
    return (await runSuite(wanted, context)).records;
  },
});
