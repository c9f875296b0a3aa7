/** Waits: each has a limit, can be aborted, and says what it waited for and what was last seen. */
import { TimeLimitError, UsageError } from "../errors/harness-error.ts";
import { readRunDelay } from "./read-run-delay.ts";

/** What is waited for, how long, and who may call it off. */
export interface Wait {
  /** What is waited for, as it completes "Waited 5 s for …". */
  readonly what: string;
  /** Milliseconds, before ZHIL_TIME_SCALE. */
  readonly limit: number;
  readonly signal: AbortSignal;
  /**
   * The process that is waited for. Time in which it, or this one, was ready to run and had no processor does not count: a machine
   * that others use as well is not at fault.
   */
  readonly pid?: number;
  /** What was last seen, for the error. */
  readonly lastSeen?: () => string;
  /** What the reader can do where the limit is reached. */
  readonly remedy?: string;
}

/** So much longer than its limit a wait lasts at most, however busy the machine is. */
const longest = 20;
/** Less of a limit than this is no reason to wait on. */
const worthWaiting = 0.05;

/** The reason why what a wait began is to let go. The same for all: that nobody waits any more is no failure of anything. */
const isOver = new Error("The wait is over");

/**
 * Milliseconds scaled by ZHIL_TIME_SCALE, for machines slower than the limits were chosen on.
 * @throws {UsageError} where the variable is not a positive number
 */
export function scaleTime(milliseconds: number): number {
  const text = process.env["ZHIL_TIME_SCALE"];
  if (text === undefined || text === "") return milliseconds;
  const scale = Number(text);
  if (!Number.isFinite(scale) || scale <= 0) {
    throw new UsageError({
      what: `Cannot read ZHIL_TIME_SCALE "${text}": not a positive number`,
      remedy: "Set it to a number such as 2, or unset it",
    });
  }
  return milliseconds * scale;
}

/**
 * Waits for the work that `begin` starts. The signal it is given is aborted when the wait is over for any reason, so
 * that it can let go of what it holds.
 * @throws {TimeLimitError} at the limit; the signal's reason where it is aborted; whatever the work throws
 */
export async function withLimit<T>(
  wait: Wait,
  begin: (signal: AbortSignal) => Promise<T>,
  readDelay: (pid: number) => number = readRunDelay,
): Promise<T> {
  wait.signal.throwIfAborted();
  const milliseconds = scaleTime(wait.limit);
  const over = new AbortController();
  let callOff!: (reason: unknown) => void;
  const calledOff = new Promise<never>((_, reject) => {
    callOff = (reason) => {
      over.abort(reason);
      // Whatever reason an AbortSignal was given is what its waiters are told.
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors
      reject(reason);
    };
  });
  const abort = (): void => {
    callOff(wait.signal.reason);
  };
  wait.signal.addEventListener("abort", abort, { once: true });
  /** What the process that is waited for and this one have lost to others, in milliseconds. */
  const readDelays = (): number => (wait.pid === undefined ? 0 : readDelay(wait.pid) + readDelay(process.pid));
  let delayedBefore = 0;
  let allowed = milliseconds;
  const end = (): void => {
    const due = Math.min(milliseconds + readDelays() - delayedBefore, milliseconds * longest);
    const more = due - allowed;
    if (more < milliseconds * worthWaiting) {
      callOff(makeTimeLimitError(wait, milliseconds, allowed - milliseconds));
      return;
    }
    allowed = due;
    timer = setTimeout(end, more);
  };
  // Most waits are over in a thousandth of their limit; reading twenty files for each would be a tenth of the work of a run.
  const beginCounting = (): void => {
    delayedBefore = readDelays();
    timer = setTimeout(end, milliseconds * (1 - worthWaiting));
  };
  let timer = setTimeout(beginCounting, milliseconds * worthWaiting);
  const work = begin(over.signal);
  // Once the wait was called off nobody listens to the work any more.
  work.catch(() => undefined);
  calledOff.catch(() => undefined);
  try {
    return await Promise.race([work, calledOff]);
  } finally {
    clearTimeout(timer);
    wait.signal.removeEventListener("abort", abort);
    if (!over.signal.aborted) over.abort(isOver);
  }
}

function makeTimeLimitError(wait: Wait, milliseconds: number, more: number): TimeLimitError {
  const seen = wait.lastSeen?.();
  const delayed = more > 0 ? `, and ${Math.round(more) / 1000} s in which others had the processors` : "";
  return new TimeLimitError({
    what: `Waited ${milliseconds / 1000} s for ${wait.what}${seen === undefined ? "" : `; last seen: ${seen}`}${delayed}`,
    ...(wait.remedy === undefined ? {} : { remedy: wait.remedy }),
  });
}
