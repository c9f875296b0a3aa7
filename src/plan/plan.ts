/** A plan: a scenario made concrete for a profile, ready for any target. */
import type { Operation } from "../operation/operation.ts";
import type { FunctionProfile, Profile } from "../trace/profile.ts";

/** A buffer of the host's memory; each page starts with the pattern named `fill:NAME[PAGE]`. */
export interface PlannedBuffer {
  readonly name: string;
  readonly pages: number;
}

/** One step of a plan. */
export interface PlannedStep {
  readonly operation: Operation;
  /** The scenario author's words on this step, shown in reports. */
  readonly note: string | null;
  /** Pages that a function of one's own writes meanwhile, by the names of what they hold then. */
  readonly expectedMemory?: Readonly<Record<string, string>>;
}

/** What a target performs. */
export interface Plan {
  readonly scenario: string;
  readonly functions: readonly FunctionProfile[];
  readonly buffers: readonly PlannedBuffer[];
  readonly steps: readonly PlannedStep[];
  readonly profile: Profile;
}
