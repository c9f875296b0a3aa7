/** A target performs a plan's operations: the model in process, or a real kernel somewhere. */
import type { Pattern } from "../compare/pattern.ts";
import type { Operation } from "../operation/operation.ts";
import type { Plan } from "../plan/plan.ts";
import type { Evidence, Observation } from "../trace/observation.ts";
import type { Profile } from "../trace/profile.ts";

/** What a started target answers to one operation. */
export interface Performed {
  readonly observation: Observation;
  readonly evidence: Evidence;
  /** Addresses in the kernel that it reached first since {@link StartedTarget.tracePlaces}; none where absent. */
  readonly places?: readonly number[];
}

/** An operation of several that are asked for at once. */
export interface RunOperation {
  readonly operation: Operation;
  /** Its kernel should have nothing to say of it: whether it does may show with what follows. */
  readonly isQuiet: boolean;
  /** What functions that are served are to show of it, by which it is told from those before and after it. */
  readonly devices?: Pattern;
}

/** Where time went: milliseconds by phase. */
export type Phases = Readonly<Record<string, number>>;

/**
 * A started target: performs operations in order until disposed.
 * @throws whatever kept it from an answer: the verdict is then `error`, never `fail`
 */
export interface StartedTarget extends AsyncDisposable {
  readonly profile: Profile;
  /** What its start consisted of, where that took time. */
  readonly phases?: Phases;
  perform(operation: Operation, signal: AbortSignal): Promise<Performed>;
  /**
   * Performs operations in order, beginning one before what came of the last is known where that is possible; for targets
   * that can. What comes later than an operation returns is not waited for and shows with what follows: whoever sees a difference
   * asks again, one after the other.
   */
  performRun?(run: readonly RunOperation[], signal: AbortSignal): AsyncIterable<Performed>;
  /**
   * From now on says of each operation which places of the kernel it reached first; false where the kernel does not trace them.
   * For targets that have one.
   */
  tracePlaces?(signal: AbortSignal): Promise<boolean>;
  /** Says why whatever it runs on is not to be used again; for targets that would. */
  distrust?(why: string): void;
}

/** Something that can be started for a plan. */
export interface Target {
  /** The profile a plan is made for, known before anything starts. */
  readonly profile: Omit<Profile, "functions">;
  start(plan: Plan, signal: AbortSignal): Promise<StartedTarget>;
}
