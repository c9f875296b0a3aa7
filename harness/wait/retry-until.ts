import pRetry from "p-retry";
import { withLimit, type Wait } from "./with-limit.ts";

/** First and longest pause between attempts, in milliseconds. */
const firstPause = 1;
const longestPause = 50;

/**
 * Tries until it succeeds: for the few things that tell nobody when they happen, such as the end of a process that is
 * not a child. What the last attempt threw is what was last seen.
 * @throws {TimeLimitError} at the limit; the signal's reason where it is aborted
 */
export async function retryUntil<T>(wait: Wait, attempt: () => Promise<T> | T): Promise<T> {
  let last = "nothing";
  const lastSeen = wait.lastSeen ?? ((): string => last);
  return withLimit({ ...wait, lastSeen }, (signal) =>
    pRetry(attempt, {
      signal,
      retries: Infinity,
      minTimeout: firstPause,
      maxTimeout: longestPause,
      factor: 1.5,
      onFailedAttempt: ({ error }) => {
        last = error.message;
      },
    }),
  );
}
