/** What serving functions costs the orchestrator in a run of the whole suite. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { messageChannel } from "../vfio-user/connection.ts";
import type { BenchContext } from "./bench-context.ts";
import { measureDma } from "./measure-dma.ts";
import type { MessagesMeasurement } from "./measurements.ts";
import { runSuiteOnClones } from "./run-suite-on-clones.ts";
import { medianOf } from "./spread.ts";

/**
 * Runs the suite and counts the messages, after it has found out what one costs: no more than DMA of a page, which is a
 * request and a reply with 4096 bytes.
 * @throws {HarnessError} where the run cannot be made; the signal's reason where it is aborted
 */
export async function measureMessages(context: BenchContext): Promise<MessagesMeasurement> {
  const { ownMicros } = await measureDma(context);
  let messages = 0;
  const count = (): void => {
    messages++;
  };
  const { scenarios, seen } = await runSuiteOnClones(context, async (run) => {
    subscribe(messageChannel, count);
    const before = process.cpuUsage();
    try {
      await run();
    } finally {
      unsubscribe(messageChannel, count);
    }
    return process.cpuUsage(before);
  });
  return { scenarios, messages, microsEach: medianOf(ownMicros), ownSeconds: (seen.user + seen.system) / 1e6 };
}
