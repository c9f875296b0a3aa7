/** What a night takes: its configuration, who performs it, and which part of it. */
import type { ReportProgress } from "../assets/progress.ts";
import type { Bench, BenchChoice } from "../run/bench.ts";
import type { ScenarioFolder } from "../scenarios/read-scenarios.ts";
import type { CheckedConfig, NightMachine } from "./config.ts";
import type { Night } from "./night-folder.ts";
import type { NightResult } from "./night-result.ts";
import type { LocalRun, Performer } from "./performer.ts";

/** Workers elsewhere that perform a night. */
export interface Crew {
  /** Has a machine's scenarios performed by whoever can, until disposed. All machines of a night share the crew. */
  hire(job: CrewJob): Promise<Performer & AsyncDisposable>;
}

/** What a crew is hired for. */
export interface CrewJob extends Pick<LocalRun, "ledger" | "reporters" | "signal"> {
  readonly night: Night;
  /** As workers can have it. */
  readonly machine: NightMachine;
  readonly choice: Pick<BenchChoice, "name" | "kernel" | "qemu" | "boot">;
  readonly report: ReportProgress;
}

/** What a night takes. */
export interface NightRun extends Pick<LocalRun, "ledger" | "jobs" | "reporters" | "signal"> {
  readonly config: CheckedConfig;
  /** What paths of the configuration are relative to. */
  readonly folder: string;
  /** Folder of nights. */
  readonly out: string;
  readonly selected: ScenarioFolder;
  /** Folder that scenarios are named in, where it is not the project's. */
  readonly scenariosFolder: string | null;
  /** @throws {HarnessError} where something it needs cannot be had */
  readonly openBench: (choice: BenchChoice) => Promise<Bench>;
  /** Who performs it in place of benches of this process; null where nobody does. */
  readonly crew: Crew | null;
  /** The part of the night that is run here; null for all of it. Of a part, no history is kept here. */
  readonly part: NightPart | null;
  /** Begins a new night where the last one is not over. */
  readonly fresh: boolean;
  readonly report: ReportProgress;
}

/** What one of several runners does of a night. */
export interface NightPart {
  /** What makes it this part of this night and no other. */
  readonly name: string;
  /** Scenarios by machine. */
  readonly units: ReadonlyMap<string, ReadonlySet<string>>;
  /** The night before, as far as it is known here. */
  readonly before: NightResult | null;
}
