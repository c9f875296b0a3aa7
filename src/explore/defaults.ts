/** What goes without saying of an operation: fields that would be the same if nothing were said of them. */
import type * as z from "zod";
import { operationFields, type Operation } from "../operation/operation.ts";

/** The fields that would be others if nothing were said of them. */
export function withoutDefaults(schema: z.ZodType, fields: object): Record<string, unknown> {
  const kept: Record<string, unknown> = Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  );
  for (const [field, value] of Object.entries(kept)) {
    const { [field]: _, ...rest } = kept;
    const read = schema.safeParse(rest);
    const told = read.success ? (read.data as Readonly<Record<string, unknown>>)[field] : undefined;
    if (read.success && JSON.stringify(told) === JSON.stringify(value)) Reflect.deleteProperty(kept, field);
  }
  return kept;
}

const lengths = new WeakMap<Operation, number>();

/** How much there is to say of an operation, in characters. */
export function lengthOf(operation: Operation): number {
  const known = lengths.get(operation);
  if (known !== undefined) return known;
  const { op, during, answers, failNth, ...fields } = operation;
  const length = JSON.stringify([op, withoutDefaults(operationFields[op], fields), during, answers, failNth]).length;
  lengths.set(operation, length);
  return length;
}
