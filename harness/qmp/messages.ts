/** What QEMU's monitor says: one JSON object a line (docs/interop/qmp-spec of QEMU). */
import * as z from "zod";

const greetingSchema = z.object({
  QMP: z.object({
    version: z.object({
      qemu: z.object({ major: z.int(), minor: z.int(), micro: z.int() }),
      package: z.string(),
    }),
  }),
});
const returnSchema = z.object({ return: z.unknown(), id: z.int() });
const errorSchema = z.object({
  error: z.object({ class: z.string(), desc: z.string() }),
  id: z.int().optional(),
});
const eventSchema = z.object({
  event: z.string(),
  data: z.record(z.string(), z.unknown()).default({}),
});
const messageSchema = z.union([eventSchema, errorSchema, returnSchema, greetingSchema]);

/** Anything the monitor says. */
export type QmpMessage = z.output<typeof messageSchema>;
/** Something that happened to the machine. */
export type QmpEvent = z.output<typeof eventSchema>;
/** The first thing the monitor says. */
export type QmpGreeting = z.output<typeof greetingSchema>;

/**
 * Reads one line of the monitor.
 * @throws {Error} where it is no JSON or no message
 */
export function parseMessage(line: string): QmpMessage {
  const parsed = messageSchema.safeParse(JSON.parse(line));
  if (!parsed.success) throw new Error("it is neither a greeting, an answer nor an event");
  return parsed.data;
}
