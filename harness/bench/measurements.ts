/** What is measured, as plain data: nothing here says whether it is good. Times are milliseconds unless said otherwise. */
import type { Phases } from "../../src/target/target.ts";
import type { HostBackend } from "../../src/trace/host-view.ts";
import type { Verdict } from "../evidence/record.ts";

/** Parts of the benchmark: what can be measured without the rest. */
export const parts = ["thaw", "scenario", "memory", "dma", "messages", "check", "runs", "passthrough"] as const;

/** Those that are measured where none is named: all but the one that wants a host, with a kernel of its own. */
export const usualParts = parts.filter((part) => part !== "passthrough");

/** A part of the benchmark. */
export type Part = (typeof parts)[number];

/** Something that was measured, or why it could not be. */
export type Measured<T> = { readonly found: T } | { readonly failed: string };

/** From the start of QEMU on. */
export interface ThawMeasurement {
  /** Until the monitor of a QEMU without any machine takes commands. */
  readonly spawns: readonly number[];
  /** Until a clone's agent has answered once, by the clone's memory. */
  readonly thaws: readonly { readonly memoryMiB: number; readonly samples: readonly number[] }[];
}

/** A scenario on one kind of machine, again and again. */
export interface SideMeasurement {
  readonly scenario: string;
  /** What it ran on, such as `emulated: Linux 7.2.13 on QEMU 11.1.3`. */
  readonly bench: string;
  /** One scenario and nothing beside it: from before QEMU starts until after it has ended. */
  readonly alone: readonly number[];
  /** From one end to the next in runs of one at a time, where the next machine may come up while a scenario works. */
  readonly inTurn: readonly number[];
  /** Where the time of those that were alone went. */
  readonly phases: readonly Phases[];
  /** Milliseconds in the guest by kind of operation, of each of those that were alone. */
  readonly operations: readonly Phases[];
}

/** The smallest scenario, through each API: on a clone of the lean kernel, and by a boot of its own. */
export const sides = ["clone", "cold", "type1Clone", "debianCold"] as const;

/** What the smallest scenario ran on. */
export type Side = (typeof sides)[number];

/** Each side; one may fail without the others. */
export type ScenarioMeasurement = Readonly<Record<Side, Measured<SideMeasurement>>>;

/** A scenario in a guest that has its function from a host, by one of the ways to have it. */
export interface PassthroughMeasurement {
  readonly backend: HostBackend;
  /** On clones of a host with its guest up; none in turn. */
  readonly clones: SideMeasurement;
  /** From the host's power-on. */
  readonly cold: number;
}

/** Clones that have answered once and have nothing to do, side by side. */
export interface MemoryMeasurement {
  /** MiB that each has to itself: Private_Clean and Private_Dirty of its processes. */
  readonly privateMiB: readonly number[];
}

/** DMA of a function that this process serves, one after the other. */
export interface DmaMeasurement {
  /** Pages written in a second, there and back. */
  readonly perSecond: readonly number[];
  /** Microseconds of this process's CPU time that each took. */
  readonly ownMicros: readonly number[];
}

/** A run of the suite, and what serving functions is of it. */
export interface MessagesMeasurement {
  readonly scenarios: number;
  /** Messages that came to functions of ours. */
  readonly messages: number;
  /** Microseconds of this process's CPU time that one costs, at most. */
  readonly microsEach: number;
  /** Seconds of CPU time that this process took for the run. */
  readonly ownSeconds: number;
}

/** The program `zhil`, from its start to its end, in milliseconds. */
export interface CheckMeasurement {
  /** How many traces `zhil check` judged at a time. */
  readonly traces: number;
  /** Each time that it did. */
  readonly checks: readonly number[];
  /** `zhil --help`, in turn with it. */
  readonly helps: readonly number[];
}

/** A run of the smallest scenario, each on a clone of its own. */
export interface RunMeasurement {
  readonly scenarios: number;
  /** Scenarios at a time. */
  readonly jobs: number;
  readonly seconds: number;
  /** From one end to the next. */
  readonly intervals: readonly number[];
  readonly verdicts: Readonly<Partial<Record<Verdict, number>>>;
  /** Scenario and reason of the first that did not pass; null where all did. */
  readonly trouble: string | null;
  /** Processes of the run that were still there when it had ended. */
  readonly orphans: number;
  /** Seconds of processor time: this process, and the processes it started and waited for. */
  readonly cpu: { readonly own: number; readonly children: number };
  /** Bytes of memory this process had after so many scenarios. */
  readonly memory: readonly { readonly after: number; readonly bytes: number }[];
  /** Whether garbage was collected before each look at the memory. */
  readonly collected: boolean;
  readonly phases: readonly Phases[];
}

/** Runs: of growing size with a job for each core, and the largest with the usual number of jobs as well. */
export interface RunsMeasurement {
  readonly growing: readonly RunMeasurement[];
  readonly usual: RunMeasurement;
}

/** Everything that was to be measured; a part that was not asked for is absent. */
export interface Measurements {
  readonly thaw?: Measured<ThawMeasurement>;
  readonly scenario?: Measured<ScenarioMeasurement>;
  readonly memory?: Measured<MemoryMeasurement>;
  readonly dma?: Measured<DmaMeasurement>;
  readonly messages?: Measured<MessagesMeasurement>;
  readonly check?: Measured<CheckMeasurement>;
  readonly runs?: Measured<RunsMeasurement>;
  readonly passthrough?: Measured<readonly PassthroughMeasurement[]>;
}
