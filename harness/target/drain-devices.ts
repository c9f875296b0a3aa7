import type { Operation } from "../../src/operation/operation.ts";
import type { HeldMachine } from "./machine-source.ts";

/**
 * What an operation holds for: that the devices of the machine come to the end of what they began on their media. QEMU's NVMe
 * translates a page that it writes twice, before it has read the medium and after. Where the kernel hears of the first only
 * when the second is over as well, the function is in the error state all the while, and raises one event.
 * Ground: QEMU system/physmem.c, address_space_map and address_space_unmap; system/cpus.c, do_vm_stop: bdrv_drain_all
 * @returns nothing for operations of other kinds, and where the hardware is not of the machine's own QEMU
 */
export function whenHeld(
  { op }: Operation,
  { machine: { qmp }, lookAtHost }: HeldMachine,
  signal: AbortSignal,
): (() => Promise<void>) | undefined {
  if (op !== "dma-write" || lookAtHost !== undefined) return undefined;
  return async () => {
    await qmp.execute("stop", {}, signal);
    await qmp.execute("cont", {}, signal);
  };
}
