/** What is done inside operations: which points an operation can pass, and what is done where. */
import * as z from "zod";
import {
  insideFields,
  nameSchema,
  type InsideName,
  type InsideOperation,
  type Operation,
  type OperationName,
} from "./operation.ts";
import { pointNames, type PointName } from "./points.ts";

/** Points that each function of a domain passes in its turn. */
export const flushPoints = ["before-flush", "after-flush"] as const satisfies readonly PointName[];

const leaving = ["before-unregister", "after-unregister"] as const;
const joining = ["before-register", "after-register"] as const;
const resetting = [
  "before-reset",
  "before-disable",
  "after-disable",
  "before-enable",
  "after-enable",
  ...joining,
] as const;

/** The points that an operation can pass; those that are not named here have none. */
export const pointsOf: Readonly<Partial<Record<OperationName, readonly PointName[]>>> = {
  "ioas-map": flushPoints,
  "ioas-copy": flushPoints,
  "container-map": flushPoints,
  "ioas-unmap": ["before-invalidate", ...flushPoints],
  "container-unmap": ["before-invalidate", ...flushPoints],
  attach: [...leaving, ...joining, ...flushPoints],
  replace: [...leaving, ...joining, ...flushPoints],
  detach: leaving,
  reset: resetting,
  "hot-reset": resetting,
  "sysfs-reset": resetting,
  close: [...resetting, ...leaving],
};

/** Everything that can be done inside an operation. */
export const insideNames = Object.keys(insideFields) as InsideName[];

/** Where an interjection is, as a scenario writes it. */
export const placeSchema = z.strictObject({
  at: z
    .enum(pointNames as [PointName, ...PointName[]])
    .describe("The point at which the host stands still meanwhile"),
  of: nameSchema
    .optional()
    .describe("The function whose flush is meant, where several share a domain; else the first"),
});

/** What is done at one stop, in order. */
export interface Stop {
  readonly at: PointName;
  readonly of: string | null;
  readonly operations: readonly InsideOperation[];
}

/** The stops of an operation: what follows each other at the same place is done at one. */
export function stopsOf(operation: Operation): readonly Stop[] {
  const stops: { at: PointName; of: string | null; operations: InsideOperation[] }[] = [];
  for (const { at, of = null, operation: inside } of operation.during ?? []) {
    const last = stops.at(-1);
    if (last?.at === at && last.of === of) last.operations.push(inside);
    else stops.push({ at, of, operations: [inside] });
  }
  return stops;
}

/**
 * What came of something inside an operation; `gone` where the function is dead, `not reached` where the operation ended
 * without passing its point.
 */
export const interjectionResults = ["success", "refused", "gone", "not reached"] as const;

/** One of them. */
export type InterjectionResult = (typeof interjectionResults)[number];
