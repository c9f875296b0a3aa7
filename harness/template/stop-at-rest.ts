/** Stopping a machine at a moment that its whole state is in the state that is saved. */
import type { QmpClient } from "../qmp/qmp-client.ts";
import { retryUntil } from "../wait/retry-until.ts";

/** Bits of a PSW's mask: open to I/O and external interrupts, and waiting for one. */
const openAndWaiting = (1n << (63n - 6n)) | (1n << (63n - 7n)) | (1n << (63n - 14n));

/** How many times in a row it has to be found at rest: a processor that waits may have been stopped short of taking one. */
const looks = 3;

/**
 * Stops a machine while all its processors wait for interrupts. One that is pending but not taken yet would be lost:
 * QEMU's own interrupt controller of s390x is saved with all that is pending only since 9.1 (`migrate-all-state` in
 * hw/intc/s390_flic.c). A guest that lost one never hears of virtio again, for its summary indicator stays on.
 * @throws {TimeLimitError} where that does not come about
 */
export async function stopAtRest(qmp: QmpClient, limit: number, signal: AbortSignal): Promise<void> {
  const wait = { what: "the guest's processors to have nothing to do", limit, signal };
  let found = 0;
  await retryUntil(wait, async () => {
    await qmp.execute("stop", {}, signal);
    const fields = { "command-line": "info registers -a" };
    const masks = readMasks(String(await qmp.execute("human-monitor-command", fields, signal)));
    found = masks.length > 0 && masks.every(isAtRest) ? found + 1 : 0;
    if (found === looks) return;
    await qmp.execute("cont", {}, signal);
    throw new Error(`PSW masks ${masks.map((mask) => mask.toString(16).padStart(16, "0")).join(", ")}`);
  });
}

/** The PSW's mask of each processor, out of what the monitor says of registers. */
export const readMasks = (registers: string): readonly bigint[] =>
  [...registers.matchAll(/PSW=mask ([0-9a-f]{16})\b/g)].map(([, mask]) => BigInt(`0x${mask ?? "0"}`));

/** Whether a processor waits for an interrupt that it would take. */
export const isAtRest = (mask: bigint): boolean => (mask & openAndWaiting) === openAndWaiting;
