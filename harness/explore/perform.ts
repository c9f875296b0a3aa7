/** Performing operations on a machine, each judged by itself. */
import type { Difference } from "../../src/compare/pattern.ts";
import { ScenarioMistake } from "../../src/model/scenario-mistake.ts";
import type { Operation } from "../../src/operation/operation.ts";
import type { Performed as TargetAnswer, RunOperation, StartedTarget } from "../../src/target/target.ts";
import type { Follower, Foretold } from "../../src/verdict/follow.ts";
import { normaliseText, signatureOf } from "../../src/explore/signature.ts";
import { HarnessError, RefusalError } from "../errors/harness-error.ts";

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
  /** The next operations, which may be begun before what came of those ahead of them is known; none where there are no more. */
  readonly nextRun: () => readonly Foretold[];
  /** Whether they are, where the target can; else one after the other. */
  readonly quick: boolean;
  readonly signal: AbortSignal;
  readonly onOperation?: () => void;
}

/** Asked anew each time: the compiler would take an earlier answer for the present one. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted;

/**
 * Performs operations until there is none any more, one shows something, the model has no word for what it did, or the agent none
 * for what was asked.
 */
export async function perform(parts: Performing): Promise<Performed> {
  const { nextRun, signal } = parts;
  const operations: Operation[] = [];
  for (let run = nextRun(); run.length > 0 && !isAborted(signal); run = nextRun()) {
    const ended = await performOne(run, operations, parts);
    if (ended !== null) return { operations, shown: ended.shown };
  }
  return { operations, shown: null };
}

/** Performs a run; null where all was well and it can go on. */
async function performOne(
  run: readonly Foretold[],
  operations: Operation[],
  { started, follower, quick, signal, onOperation }: Performing,
): Promise<{ readonly shown: Shown | null } | null> {
  const answers = ask(started, run, quick, signal)[Symbol.asyncIterator]();
  const before = operations.length;
  try {
    for (const foretold of run) {
      const { planned } = foretold;
      const { operation } = planned;
      operations.push(operation);
      const answer = await answers.next();
      if (answer.done === true || isAborted(signal)) return { shown: null };
      const { observation } = answer.value;
      onOperation?.();
      const { differences } = follower.follow(planned, observation, foretold);
      const isEnd = observation.result === "panic" || observation.result === "hang";
      if (differences.length === 0 && !isEnd) continue;
      const shown = { signature: signatureOf(operation, differences), differences, error: null };
      return { shown: differences.length === 0 ? null : shown };
    }
    return null;
  } catch (error) {
    // What the agent refuses is no operation on the host that there is: the model should have had no word for it either.
    if (error instanceof ScenarioMistake || error instanceof RefusalError || isAborted(signal))
      return { shown: null };
    if (!(error instanceof HarnessError)) throw error;
    const signature = `${operations.at(-1)?.op ?? ""} gives no answer: ${normaliseText(error.message)}`;
    // All that was asked for at once may have been begun: which of it had no answer, those show that wait for each other.
    if (asksAtOnce(started, quick))
      operations.splice(before, Infinity, ...run.map(({ planned }) => planned.operation));
    return { shown: { signature, differences: [], error: error.message } };
  }
}

/** Whether the operations of a run are asked for before those ahead of them are answered. */
const asksAtOnce = (
  started: StartedTarget,
  quick: boolean,
): started is Required<Pick<StartedTarget, "performRun">> & StartedTarget =>
  quick && started.performRun !== undefined;

async function* ask(
  started: StartedTarget,
  run: readonly Foretold[],
  quick: boolean,
  signal: AbortSignal,
): AsyncIterable<TargetAnswer> {
  if (asksAtOnce(started, quick)) {
    yield* started.performRun(run.map(describeAsked), signal);
  } else for (const { planned } of run) yield await started.perform(planned.operation, signal);
}

function describeAsked({ planned: { operation }, foreseen: { isQuiet }, deviating }: Foretold): RunOperation {
  const { devices } = deviating.expectation;
  return { operation, isQuiet, ...(devices === undefined ? {} : { devices }) };
}
