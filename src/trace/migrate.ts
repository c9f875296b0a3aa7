/** Traces as they were written, by this version or an older one. What is not a trace is refused: it came from others. */
import { operationFields, operationNames, type Operation } from "../operation/operation.ts";
import type { PlannedBuffer } from "../plan/plan.ts";
import { deviceNames } from "./device-kinds.ts";
import { entriesOf, flag, having, listOf, number, oneOf, only, optional, orNull } from "./shape.ts";
import { shortText, something, text, textLike, wholeBetween, type Shape } from "./shape.ts";
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

const count = wholeBetween(0, 1_000_000);
const hex = textLike(/^0x[0-9a-f]{1,16}$/u, "a hexadecimal number");
const componentEntries = { version: text, digest: text };

const headerShape = having({
  scenario: text,
  recorder: text,
  profile: having({
    bench: text,
    kernel: having({ ...componentEntries, options: listOf(text), commandLine: text, patches: listOf(text) }),
    qemu: having(componentEntries),
    hypervisor: optional(shortText(100)),
    platform: optional(having({ aperture: having({ first: hex, last: hex }), refresh: flag })),
    memoryMiB: wholeBetween(1, 1_000_000),
    cpus: count,
    functions: listOf(having({ name: text, device: oneOf(...deviceNames, "own"), uid: count, fid: count }), 256),
  }),
  buffers: listOf(only({ name: text, pages: wholeBetween(1, 65_536) }), 1024),
  replaced: listOf(text),
});

const texts = listOf(text);
const textEntries = entriesOf(text);
const entries = entriesOf(something);
const stepShape = having({
  step: count,
  note: orNull(text),
  expectedMemory: optional(textEntries),
  operation: having({ op: oneOf(...operationNames) }),
  observation: having({
    ...{ result: text, values: entries, functions: entries, messages: texts },
    ...{ memory: textEntries, blocks: textEntries, alarms: texts },
  }),
  evidence: having({ micros: number, log: texts, raw: something }),
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
  check(headerShape, migrated.header, "header");
  const steps = migrated.steps.map((each, index) => {
    const where = `step ${String(index + 1)}`;
    check(stepShape, each, where);
    const step = each as TraceStep;
    checkOperation(step.operation, where);
    return step;
  });
  return { header: migrated.header as TraceHeader, steps };
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

function check(shape: Shape, value: unknown, where: string): void {
  const wrong = shape(value);
  if (wrong !== null) throw new TraceError(`${where}: ${wrong.replace(/^: /u, "")}`);
}

/** Operations that were found to be right, as JSON: a thousand traces have a few hundred different ones. */
const rightOperations = new Set<string>();
const rightOperationsLimit = 10_000;

/** The model takes an operation's fields for granted. */
function checkOperation(operation: Operation, where: string): void {
  const text = JSON.stringify(operation);
  if (rightOperations.has(text)) return;
  const { op, during: _, answers: __, failNth: ___, ...fields } = operation;
  const parsed = operationFields[op].safeParse(fields);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new TraceError(`${where}: operation ${op}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "none"}`);
  }
  if (rightOperations.size >= rightOperationsLimit) rightOperations.clear();
  rightOperations.add(text);
}
