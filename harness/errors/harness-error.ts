/** Errors of the harness: each says what went wrong, where, and what to do about it. */

/** What an error is made of. */
export interface Problem {
  /** What went wrong: sentence case, no full stop, the value quoted, the detail after a colon. */
  readonly what: string;
  /** Where it was noticed: a file and line, a scenario and step, a program. */
  readonly where?: string;
  /** What the reader can do about it, as an imperative sentence without a full stop. */
  readonly remedy?: string;
  /** The error underneath, kept for whoever digs. */
  readonly cause?: unknown;
}

/** An error that kept the harness from an answer; a verdict made of it is `error`, never `fail`. */
export class HarnessError extends Error {
  override readonly name: string = "HarnessError";
  readonly what: string;
  readonly where: string | null;
  readonly remedy: string | null;

  constructor(problem: Problem) {
    const where = problem.where === undefined ? "" : ` (${problem.where})`;
    super(`${problem.what}${where}`, problem.cause === undefined ? undefined : { cause: problem.cause });
    this.what = problem.what;
    this.where = problem.where ?? null;
    this.remedy = problem.remedy ?? null;
  }
}

/** The user asked for something that cannot be: an unknown option, an unreadable scenario. Exit code 2. */
export class UsageError extends HarnessError {
  override readonly name = "UsageError";
}

/** Something the harness depends on failed: QEMU, the agent, the file system, a package. Exit code 2. */
export class InfrastructureError extends HarnessError {
  override readonly name = "InfrastructureError";
}

/** The other side closed a channel: the reason is to be looked for there. */
export class ClosedError extends HarnessError {
  override readonly name = "ClosedError";
}

/** A wait reached its limit. */
export class TimeLimitError extends HarnessError {
  override readonly name = "TimeLimitError";
}

/** The agent in the guest did not understand what it was asked for, or could not do it. */
export class RefusalError extends HarnessError {
  override readonly name = "RefusalError";
}

/** The run was asked to end, by Ctrl-C or SIGTERM. */
export class InterruptedError extends HarnessError {
  override readonly name = "InterruptedError";
}

/** An operation on hardware that came with a token that is not the highest any more. */
export class FencedError extends HarnessError {
  override readonly name = "FencedError";
}
