/** Traces as they were written, by this version or an older one. What is not a trace is refused: it came from others. */
import * as z from "zod";
import { operationFields, operationNames, type OperationName } from "../operation/operation.ts";
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
const count = z.int().min(0).max(1_000_000);
const hex = z.string().regex(/^0x[0-9a-f]{1,16}$/u, "expected a hexadecimal number");
const component = z.looseObject({ version: text, digest: text });

const headerSchema = z.looseObject({
  scenario: text,
  recorder: text,
  profile: z.looseObject({
    bench: text,
    kernel: component.extend({ options: z.array(text), commandLine: text, patches: z.array(text) }),
    qemu: component,
    hypervisor: z.string().max(100).optional(),
    platform: z.looseObject({ aperture: z.looseObject({ first: hex, last: hex }), refresh: z.boolean() }).optional(),
    memoryMiB: count.min(1),
    cpus: count,
    functions: z
      .array(z.looseObject({ name: text, device: z.enum([...deviceNames, "own"]), uid: count, fid: count }))
      .max(256),
  }),
  buffers: z.array(z.strictObject({ name: text, pages: count.min(1).max(65_536) })).max(1024),
  replaced: z.array(text),
});

const record = z.record(text, z.unknown());
const stepSchema = z.looseObject({
  step: count,
  note: text.nullable(),
  expectedMemory: z.record(text, text).optional(),
  operation: z.looseObject({ op: z.enum(operationNames as [OperationName, ...OperationName[]]) }),
  observation: z.looseObject({
    result: text,
    values: record,
    functions: record,
    messages: z.array(text),
    memory: z.record(text, text),
    blocks: z.record(text, text),
    alarms: z.array(text),
  }),
  evidence: z.looseObject({ micros: z.number(), log: z.array(text), raw: z.unknown() }),
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
  const header = check(headerSchema, migrated.header, "header") as unknown as TraceHeader;
  const steps = migrated.steps.map((step, index) => {
    const where = `step ${String(index + 1)}`;
    const checked = check(stepSchema, step, where);
    checkOperation(checked.operation, where);
    return checked as unknown as TraceStep;
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

function check<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new TraceError(`${where}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not what a trace has"}`);
}

/** The model takes an operation's fields for granted. */
function checkOperation(
  operation: { readonly op: OperationName; readonly [field: string]: unknown },
  where: string,
): void {
  const { op, during: _, answers: __, failNth: ___, ...fields } = operation;
  check<unknown>(operationFields[op], fields, `${where}: operation ${op}`);
}
