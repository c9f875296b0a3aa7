/** What becomes of one page of DMA. */
import { pageSize } from "../zpci/iova.ts";
import type { DmaAnswer } from "./dma-answer.ts";
import type { Host } from "./host.ts";
import type { ModelFunction } from "./state.ts";

/**
 * One page of DMA.
 * Contract: translated by the table registered for the function; what that does not allow is blocked and puts the
 * function into the error state (seed 004: "blocked and will lead to the PCI device being isolated (put into an error
 * state)"; error event codes as QEMU's include/hw/s390x/s390-pci-bus.h names the architecture's). A function whose command
 * register says that it may not be bus master does no DMA (PCI Local Bus Specification, section 6.2.2).
 */
export function translate(host: Host, fn: ModelFunction, iova: bigint, access: "read" | "write"): DmaAnswer {
  if (fn.inError || fn.busMaster === "off") return { refused: "silently" };
  if (fn.domain === null) return refuse(host, fn, null, host.has("blocked-dma-silent"));
  if (iova > host.aperture.last) return refuse(host, fn, "0x2", host.has("dma-above-aperture-silent"));
  if (iova < host.aperture.first) return refuse(host, fn, "0x2");
  const table = host.has("shadow-by-rpcit") ? fn.shadow : host.tableOf(fn);
  const translation = table.get(iova - (iova % pageSize));
  if (translation === undefined || !translation[access]) return refuse(host, fn, "0x4");
  return { page: translation.page };
}

function refuse(host: Host, fn: ModelFunction, pec: string | null, silently = false): DmaAnswer {
  if (silently) return { refused: "silently" };
  host.raiseError(fn, pec);
  return { refused: { pec } };
}
