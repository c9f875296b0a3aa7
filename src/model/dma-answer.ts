/** What a DMA of one page may come to. */
import type { Pattern } from "../compare/pattern.ts";

/** What a DMA of one page came to. */
export type DmaAnswer = { readonly page: string } | { readonly refused: RefusedDma };

/** A DMA that was refused: with an error event, of which the code may be anything (null), or without one. */
export type RefusedDma = { readonly pec: string | null } | "silently";

/** Error events that concern DMA translation, where the ground names none in particular. */
export const dmaErrors = ["0x1", "0x2", "0x3", "0x4", "0x5", "0x6", "0x7", "0x8", "0x9", "0xa", "0xb"];

/** What the kernel says of an error event. */
export const describeEvent = (name: string, pec: string | null): Pattern =>
  pec === null ? { $oneOf: dmaErrors.map((each) => `${name} error ${each}`) } : `${name} error ${pec}`;
