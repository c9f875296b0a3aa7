/** Performing operations on a machine one after the other, each judged before the next. */
import type { Difference } from "../../src/compare/pattern.ts";
import { ScenarioMistake } from "../../src/model/scenario-mistake.ts";
import type { Operation } from "../../src/operation/operation.ts";
import type { PlannedStep } from "../../src/plan/plan.ts";
import type { StartedTarget } from "../../src/target/target.ts";
import type { Follower } from "../../src/verdict/follow.ts";
import { normaliseText, signatureOf } from "../../src/explore/signature.ts";
import { HarnessError } from "../errors/harness-error.ts";

/** Something that is not as it should be. */
export interface Shown {
  readonly signature: string;
  /** Empty where no answer was had. */
  readonly differences: readonly Difference[];
  /** Why no answer was had; null where one was. */
  readonly error: string | null;
}

/** What came of operations. */
export interface Performed {
  readonly operations: readonly Operation[];
  /** What the last one showed; null where all was well. */
  readonly shown: Shown | null;
}

/** What performing takes. */
export interface Performing {
  readonly started: StartedTarget;
  readonly follower: Follower;
  /** The next operation; null where there is none. */
  readonly next: () => PlannedStep | null;
  readonly signal: AbortSignal;
  readonly onOperation?: () => void;
}

/** Asked anew each time: the compiler would take an earlier answer for the present one. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted;

/** Performs operations until there is none any more, one shows something, or the model has no word for what it did. */
export async function perform({ started, follower, next, signal, onOperation }: Performing): Promise<Performed> {
  const operations: Operation[] = [];
  for (let planned = next(); planned !== null && !signal.aborted; planned = next()) {
    const { operation } = planned;
    operations.push(operation);
    try {
      const { observation } = await started.perform(operation, signal);
      onOperation?.();
      const { differences } = follower.follow(planned, observation);
      const isEnd = observation.result === "panic" || observation.result === "hang";
      if (differences.length === 0 && !isEnd) continue;
      const shown = { signature: signatureOf(operation, differences), differences, error: null };
      return { operations, shown: differences.length === 0 ? null : shown };
    } catch (error) {
      if (error instanceof ScenarioMistake || isAborted(signal)) break;
      if (!(error instanceof HarnessError)) throw error;
      const signature = `${operation.op} gives no answer: ${normaliseText(error.message)}`;
      return { operations, shown: { signature, differences: [], error: error.message } };
    }
  }
  return { operations, shown: null };
}
