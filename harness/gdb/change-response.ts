/** Responses of CLP that say something else (arch/s390/include/asm/pci_clp.h, struct clp_rsp_query_pci and clp_rsp_query_pci_grp). */
import type { Said } from "../../src/operation/answers.ts";

/** Where the response code is in a response. */
export const responseCodeAt = 2n;
/** How much of a response can be changed. */
export const responseLength = 80;

/** Offsets of fields from the beginning of the response; flags are bits of a byte. */
const layout = { flags: 19, refresh: 0x01, relaxed: 0x20, dtsm: 24, sdma: 64, edma: 72 } as const;

/** The response with other fields, the rest as it was. */
export function changeResponse(response: Buffer, { dtsm, refresh, relaxed, sdma, edma }: Said): Buffer {
  const changed = Buffer.from(response);
  const setFlag = (bit: number, on: boolean | undefined): void => {
    if (on === undefined) return;
    changed.writeUInt8((changed.readUInt8(layout.flags) & ~bit) | (on ? bit : 0), layout.flags);
  };
  setFlag(layout.refresh, refresh);
  setFlag(layout.relaxed, relaxed);
  if (dtsm !== undefined) changed.writeUInt8(Number(dtsm), layout.dtsm);
  if (sdma !== undefined) changed.writeBigUInt64BE(BigInt(sdma), layout.sdma);
  if (edma !== undefined) changed.writeBigUInt64BE(BigInt(edma), layout.edma);
  return changed;
}
