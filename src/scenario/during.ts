/** The `during` of a step: what is done inside its operation. */
import * as z from "zod";
import { flushPoints, insideNames, placeSchema, pointsOf } from "../operation/during.ts";
import type { InsideName, OperationName } from "../operation/operation.ts";
import type { DeviceKind } from "../trace/device-kinds.ts";
import type { PointName } from "../operation/points.ts";

/** One thing that is done inside an operation, as written. */
export interface ScenarioInterjection {
  readonly at: PointName;
  readonly of?: string;
  readonly op: InsideName;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Something that is wrong in a `during`, and where in it. */
export interface DuringProblem {
  readonly path: readonly PropertyKey[];
  readonly problem: string;
}

/** What the rest of the scenario has to say to it. */
export interface DuringContext {
  /** Device of each function. */
  readonly functions: Readonly<Record<string, string>>;
  /** Fields checked; throws what is wrong with them, with paths from those fields on. */
  readonly checkFields: (op: InsideName, fields: unknown, path: readonly PropertyKey[]) => Record<string, unknown>;
  readonly fail: (problem: DuringProblem) => never;
}

/** Devices that do DMA of their own when they are told to, and at once. */
const promptDevices: readonly string[] = ["witness", "slow", "rude"] satisfies readonly DeviceKind[];

/** Most that is done inside one operation. */
const interjectionLimit = 32;

const example = `"- at: before-flush" with "dma-write: { function: a, iova: base, block: 1 }"`;

/** Reads the `during` of an operation's step. */
export function readDuring(op: OperationName, written: unknown, context: DuringContext): ScenarioInterjection[] {
  const { fail } = context;
  const passed = pointsOf[op];
  if (passed === undefined) {
    const others = Object.keys(pointsOf).join(", ");
    return fail({ path: [], problem: `"${op}" has no points to stop at; those that have are ${others}` });
  }
  if (!Array.isArray(written) || written.length === 0)
    return fail({ path: [], problem: `expected a list such as ${example}` });
  if (written.length > interjectionLimit) {
    return fail({ path: [], problem: `expected at most ${interjectionLimit} entries, found ${written.length}` });
  }
  return written.map((entry: unknown, index) => readEntry(op, passed, entry, [index], context));
}

function readEntry(
  op: OperationName,
  passed: readonly PointName[],
  entry: unknown,
  path: readonly PropertyKey[],
  { functions, checkFields, fail }: DuringContext,
): ScenarioInterjection {
  if (entry === null || typeof entry !== "object" || Array.isArray(entry)) {
    return fail({ path, problem: `expected an entry such as ${example}` });
  }
  const { at, of, ...rest } = entry as Record<string, unknown>;
  const place = placeSchema.safeParse({ at, ...(of === undefined ? {} : { of }) });
  if (!place.success) return fail({ path, problem: z.prettifyError(place.error).split("\n")[0] ?? "not a place" });
  const [name, ...others] = Object.keys(rest);
  const inside = insideNames.find((each) => each === name);
  if (inside === undefined || others.length > 0) {
    return fail({
      path,
      problem: `expected one of ${insideNames.join(", ")} at a point, found ${Object.keys(rest).join(" and ") || "none"}`,
    });
  }
  if (!passed.includes(place.data.at)) {
    return fail({
      path: [...path, "at"],
      problem: `"${op}" never passes "${place.data.at}"; it passes ${passed.join(", ")}`,
    });
  }
  if (place.data.of !== undefined) {
    if (!(flushPoints as readonly PointName[]).includes(place.data.at)) {
      return fail({
        path: [...path, "of"],
        problem: `"of" is for ${flushPoints.join(" and ")}: other points are the operation's own function's`,
      });
    }
    if (!Object.hasOwn(functions, place.data.of)) {
      return fail({
        path: [...path, "of"],
        problem: `unknown function "${place.data.of}": expected one of "functions"`,
      });
    }
  }
  const fields = checkFields(inside, rest[inside], [...path, inside]);
  const device = functions[fields["function"] as string];
  if (inside !== "flush" && device !== undefined && !promptDevices.includes(device)) {
    return fail({
      path: [...path, inside],
      problem: `"${String(fields["function"])}" is a ${device}: while its host stands still only a witness does DMA`,
    });
  }
  return { at: place.data.at, ...(place.data.of === undefined ? {} : { of: place.data.of }), op: inside, fields };
}
