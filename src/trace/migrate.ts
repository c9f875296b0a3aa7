/** Traces as they were written, by this version or an older one. What is not a trace is refused: it came from others. */
import * as z from "zod";
import { operationFields, operationNames, type Operation, type OperationName } from "../operation/operation.ts";
import type { PlannedBuffer } from "../plan/plan.ts";
import { deviceNames } from "./device-kinds.ts";
import { traceVersion, type Trace, type TraceHeader, type TraceStep } from "./trace.ts";

/** What is wrong with a trace, without its name. */
export class TraceError extends Error {
  override readonly name = "TraceError";
}

/** What the first version left to a file beside the trace, operations.yaml. */
export interface PlanBeside {
  readonly buffers: readonly PlannedBuffer[];
  readonly notes: readonly (string | null)[];
}

const text = z.string().max(1_000_000);
const texts = z.array(text);
const count = z.int().min(0).max(1_000_000);
const hex = z.string().regex(/^0x[0-9a-f]{1,16}$/u, "expected a hexadecimal number");
const component = z.object({ version: text, digest: text });

const kernelSchema = component.extend({ options: texts, commandLine: text, patches: texts });
const headerSchema = z.object({
  scenario: text,
  recorder: text,
  profile: z.object({
    bench: text,
    qemu: component,
    hypervisor: z.string().max(100).optional(),
    platform: z.object({ aperture: z.object({ first: hex, last: hex }), refresh: z.boolean() }).optional(),
    memoryMiB: count.min(1),
    cpus: count,
    functions: z
      .array(z.object({ name: text, device: z.enum([...deviceNames, "own"]), uid: count, fid: count }))
      .max(256),
  }),
  buffers: z.array(z.strictObject({ name: text, pages: count.min(1).max(65_536) })).max(1024),
  replaced: texts,
});

/** Entries by any name but one: zod passes over an entry of that name, so nobody would have looked at what it holds. */
const entriesOf = (value: z.ZodType): z.ZodType =>
  z
    .custom((entries) => !(entries instanceof Object && Object.hasOwn(entries, "__proto__")))
    .pipe(z.record(text, value));
const textEntries = entriesOf(text);
const entries = entriesOf(z.unknown());
const stepSchema = z.object({
  step: count,
  note: text.nullable(),
  expectedMemory: textEntries.optional(),
  operation: z.object({ op: z.enum(operationNames as [OperationName, ...OperationName[]]) }),
  observation: z.object({
    result: text,
    values: entries,
    functions: entries,
    messages: texts,
    memory: textEntries,
    blocks: textEntries,
    alarms: texts,
  }),
  evidence: z.object({ micros: z.number(), log: texts, raw: z.unknown() }),
});

/**
 * The trace of a file's lines, made one of today's version.
 * @throws TraceError where a newer version wrote it, where it is none, or where what the first version needs is not beside it
 */
export function readTrace(lines: readonly unknown[], beside: PlanBeside | null): Trace {
  const [first, ...rest] = lines;
  const version = versionOf(first);
  if (version > traceVersion) {
    throw new TraceError(
      `it has version ${String(version)}, newest known is ${String(traceVersion)}: read it with the version of zpci-hil that recorded it, or a later one`,
    );
  }
  const migrated = version === 1 ? fromFirst(first as object, rest, beside) : { header: first, steps: rest };
  check(headerSchema, migrated.header, "header");
  const header = migrated.header as TraceHeader;
  checkOnce(kernelSchema, header.profile.kernel, "kernel", "header: profile.kernel");
  const steps = migrated.steps.map((each, index) => {
    const where = `step ${String(index + 1)}`;
    check(stepSchema, each, where);
    const step = each as TraceStep;
    checkOperation(step.operation, where);
    return step;
  });
  return { header, steps };
}

function versionOf(header: unknown): number {
  const version = typeof header === "object" && header !== null && "trace" in header ? header.trace : undefined;
  if (typeof version === "number" && Number.isInteger(version) && version >= 1) return version;
  throw new TraceError("its first line is not the header of a trace");
}

/** Version 1 had neither buffers nor notes, and nothing in it was replaced. */
function fromFirst(header: object, steps: readonly unknown[], beside: PlanBeside | null): MigratedLines {
  if (beside === null) {
    throw new TraceError('version 1 leaves its buffers to "operations.yaml", which is not beside it');
  }
  if (hasOwnFunction(header)) {
    throw new TraceError("version 1 does not say what a function of the scenario's own writes");
  }
  return {
    header: { ...header, trace: traceVersion, buffers: beside.buffers, replaced: [] },
    steps: steps.map((step, index) => ({
      ...(step as FirstStep),
      observation: withoutAny((step as FirstStep).observation),
      note: beside.notes[index] ?? null,
    })),
  };
}

const hasOwnFunction = (header: object): boolean =>
  JSON.stringify((header as { profile?: { functions?: unknown } }).profile?.functions ?? []).includes(
    '"device":"own"',
  );

interface FirstStep {
  readonly observation?: unknown;
}

/** Of what it left open, the model used to say "any", whatever its type. */
const withoutAny = (observation: unknown): unknown =>
  typeof observation !== "object" || observation === null
    ? observation
    : Object.fromEntries(
        Object.entries(observation).flatMap(([key, value]): [string, unknown][] => {
          if (value !== "any" || key === "result") return [[key, value]];
          if (key === "devices") return [];
          return [[key, key === "messages" || key === "alarms" ? [] : {}]];
        }),
      );

interface MigratedLines {
  readonly header: unknown;
  readonly steps: readonly unknown[];
}

/** What is more in a value than its schema names stays there: the value is what is read, not the copy. */
function check(schema: z.ZodType, value: unknown, where: string): void {
  const { success, error } = schema.safeParse(value);
  if (success) return;
  const [issue] = error.issues;
  const place = issue?.path.join(".") ?? "";
  throw new TraceError(`${where}: ${place}: ${issue?.message ?? "not what a trace has"}`);
}

/** What was found to be right, as JSON: a thousand traces have a few hundred different operations, and a few kernels. */
const right = new Set<string>();
const rightLimit = 10_000;

/** Checks what many traces have in common, if it was not seen before. */
function checkOnce(schema: z.ZodType, value: unknown, kind: string, where: string): void {
  const text = kind + JSON.stringify(value);
  if (right.has(text)) return;
  check(schema, value, where);
  if (right.size >= rightLimit) right.clear();
  right.add(text);
}

/** The model takes an operation's fields for granted. */
function checkOperation(operation: Operation, where: string): void {
  const { op, during: _, answers: __, failNth: ___, ...fields } = operation;
  checkOnce(operationFields[op], fields, op, `${where}: operation ${op}`);
}
