/** Events that the platform can be made to tell of, though nothing has happened. */
import * as z from "zod";
import { nameSchema } from "./names.ts";

/** PCI event codes (arch/s390/pci/pci_event.c). */
const eventCodes = [
  ...(["0x002a", "0x002b", "0x002c", "0x003a", "0x003b", "0x0040"] as const),
  ...(["0x0301", "0x0302", "0x0303", "0x0304", "0x0306", "0x0308"] as const),
] as const;

/** One of them. */
export type EventCode = (typeof eventCodes)[number];

/** The operation's name and the fields it takes. */
export const eventFields = {
  event: z
    .strictObject({
      function: nameSchema,
      code: z.enum(eventCodes).describe("PCI event code: 0x03.. tells of availability, all else of an error"),
      stale: z
        .boolean()
        .default(false)
        .describe("An error event with a handle that the function does not have any more"),
    })
    .describe("The platform tells the host of an event, in a thread of its own; the function itself is as it was"),
} as const;
