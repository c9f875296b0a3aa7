/** A witness behind QEMU's own client, on a real kernel: what it is told, word for word. */
import { expect, test } from "../vitest/index.ts";
import type { Guest, Step } from "../vitest/index.ts";

const iova = "base+0x10000";
const seen = { first: "0x100010000", second: "0x100011000" };

/** What the witness was told during a step. */
async function eventsOf(guest: Guest, step: Step): Promise<unknown> {
  expect(await guest.perform(step)).toMatchObject({ alarms: [] });
  const raw = guest.trace.steps.at(-1)?.evidence.raw as { witnesses: { w: { events: unknown } } };
  return raw.witnesses.w.events;
}

test.override({ machine: { functions: { w: "witness" }, buffers: { p: 2 } } });

test("sees what RPCIT does to its translation, and the guest what it does to its memory", async ({
  guest,
  device,
}) => {
  await guest.perform({ "take-iommufd": { function: "w" } });
  await guest.perform({ "ioas-alloc": { ioas: "A" } });
  await device.perform("attach", { to: "A" });
  await device.perform("bus-master", {});
  const numbered = expect.any(Number) as number;
  expect(await eventsOf(guest, { "ioas-map": { ioas: "A", iova, buffer: "p", write: false } })).toEqual([
    { sequence: numbered, event: "map", iova: seen.first, size: "0x1000", access: "r" },
    { sequence: numbered, event: "map", iova: seen.second, size: "0x1000", access: "r" },
  ]);
  expect(await eventsOf(guest, { "dma-write": { function: "w", iova, block: 1 } })).toEqual([
    { sequence: numbered, event: "dma-write", iova: seen.first, answer: "ENODEV" },
  ]);
  expect(await eventsOf(guest, { "ioas-unmap": { ioas: "A", iova, length: "0x2000" } })).toEqual([
    // Both pages by one: QEMU puts unmaps that follow each other together.
    { sequence: numbered, event: "unmap", iova: seen.first, size: "0x2000" },
  ]);
  await expect(guest.trace).toMatchModel();
});
