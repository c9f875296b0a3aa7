/** A connection to a server of queues: the first must come about, a lost one comes back by itself. */
import { Redis } from "ioredis";
import { InfrastructureError } from "../errors/harness-error.ts";
import { withLimit } from "../wait/with-limit.ts";
import type { QueueAddress } from "./address.ts";

/** Milliseconds that the first connection may take. */
const connectLimit = 10_000;
/** Longest pause before a lost connection is tried again, in milliseconds. */
const longestPause = 1_000;

/** Settings of every connection; commands wait for as long as the server is away. */
export const connectionOf = ({ shown: _, ...address }: QueueAddress) => ({
  ...address,
  maxRetriesPerRequest: null,
  retryStrategy: (attempt: number): number => Math.min(attempt * 50, longestPause),
});

/**
 * Connects.
 * @throws {InfrastructureError} where the server does not answer
 */
export async function connectQueue(address: QueueAddress, signal: AbortSignal): Promise<Redis> {
  const client = new Redis({ ...connectionOf(address), lazyConnect: true });
  let last = "no answer";
  client.on("error", (error: Error) => {
    last = error.message;
  });
  try {
    const wait = { what: `the queue "${address.shown}"`, limit: connectLimit, signal };
    await withLimit(wait, () => client.connect());
    return client;
  } catch (cause) {
    client.disconnect();
    if (signal.aborted) throw cause;
    throw new InfrastructureError({
      what: `Cannot reach the queue "${address.shown}": ${last}`,
      remedy: "Start Redis or Valkey there, or name another with --queue",
    });
  }
}
