/** What the agent says (docs/agent-protocol.md). It comes from a guest: nothing is believed before it is checked. */
import * as z from "zod";

const name = z.string().max(64);
const text = z.string().max(4096);
const hex = z.string().regex(/^0x[0-9a-f]{1,16}$/);

/** First message of the worker. */
export const helloSchema = z.object({
  hello: z.literal(1),
  kernel: z.string().max(128),
  agent: z.string().max(128),
  cpus: z.int(),
});

/** Not z.int(): a function that went onto another driver's domain has counters of 64 bits of anything. */
const counter = z.number();

const functionSchema = z.object({
  driver: name.nullable(),
  handle: hex.nullable(),
  counters: z.tuple([counter, counter, counter, counter, counter]).nullable(),
});

/** How functions look. */
const functionsSchema = z.record(name, functionSchema);

/** What the agent says of a page: a digest of it, and how it begins. */
export const pageViewSchema = z.object({
  digest: z.string().regex(/^[0-9a-f]{16}$/),
  head: z.string().regex(/^[0-9a-f]{0,128}$/),
});

/** Answer to an operation or a setup request that was understood; of functions it may tell what changed, and leave out what is empty. */
export const answerSchema = z.object({
  id: z.int(),
  result: z.string().regex(/^[A-Z][A-Z0-9_]{0,30}$/, "OK or the name of an errno"),
  values: z.record(name, z.json()).default({}),
  micros: z.number(),
  functions: z.record(name, functionSchema.partial()).default({}),
  messages: z.array(text).max(1000).default([]),
  log: z
    .array(z.object({ level: z.int(), text }))
    .max(200)
    .default([]),
  dropped: z.int().default(0),
  settled: z.boolean().default(true),
  memory: z.record(name, pageViewSchema).default({}),
  places: z.array(z.int().positive()).max(4096).optional(),
});

/** Answer to a request that was not understood or could not be served: no answer was had. */
export const refusalSchema = z.object({ id: z.int().nullable().default(null), error: text });

/** What comes before the answer to a request that holds: the agent waits to be told to go on. */
export const heldSchema = z.object({ id: z.int(), held: z.literal(true) });

/** What the supervisor says of the worker, asked or, with id 0, unasked when the worker ended. */
export const workerReportSchema = z.object({
  id: z.int(),
  worker: z.object({
    state: z.enum(["running", "exited", "killed"]),
    code: z.int().optional(),
    signal: z.int().optional(),
  }),
  stack: z.array(text).max(200).default([]),
  syscall: text.default(""),
  uptime: z.number().optional(),
});

/** How functions look, by name. */
export type FunctionViews = Readonly<z.output<typeof functionsSchema>>;
/** First message of the worker. */
export type AgentHello = z.output<typeof helloSchema>;
/** Answer to an operation, with all functions as they look now. */
export type AgentAnswer = Omit<z.output<typeof answerSchema>, "functions"> & { readonly functions: FunctionViews };
/** What the supervisor says of the worker. */
export type WorkerReport = z.output<typeof workerReportSchema>;

/**
 * How functions look that looked so before, after what an answer says of them.
 * @throws {Error} where it leaves out what was never told
 */
export function lookNow(before: FunctionViews, said: z.output<typeof answerSchema>["functions"]): FunctionViews {
  const names = Object.keys(said);
  if (names.length === 0) return before;
  return {
    ...before,
    ...readAs(functionsSchema, Object.fromEntries(names.map((of) => [of, { ...before[of], ...said[of] }]))),
  };
}

/**
 * A message read by its schema.
 * @throws {Error} that says which field is not what it should be
 */
export function readAs<S extends z.ZodType>(schema: S, message: unknown): z.output<S> {
  const parsed = schema.safeParse(message);
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error));
  return parsed.data;
}
