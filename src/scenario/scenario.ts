/** The scenario language: what a person writes in YAML, and its schema. */
import * as z from "zod";
import { operationFields, operationNames } from "../operation/operation.ts";
import type { OperationName } from "../operation/operation.ts";
import { phraseFields, phraseNames } from "./phrases.ts";

/**
 * An address in a scenario: a number (`0x1000`), or one relative to the DMA aperture, such as `base+0x1000` (its first
 * IOVA) or `last-0xfff` (its last). The plan makes it a number.
 */
export const addressSchema = z
  .string()
  .regex(
    /^(?:0x[0-9a-f]{1,16}|(?:base|last)(?:[+-]0x[0-9a-f]{1,16})?)$/,
    "an address: 0x1000, base+0x1000 (aperture's first IOVA) or last-0xfff (its last)",
  );

/** The same object schema with every address field taking the scenario's own notation. */
function loosen(shape: (typeof operationFields)[OperationName]): z.ZodType {
  const fields = Object.fromEntries(
    Object.entries(shape.shape as Readonly<Record<string, z.ZodType>>).map(([field, schema]) => [
      field,
      isAddress(field) ? addressLike(schema) : schema,
    ]),
  );
  return z.strictObject(fields).describe(shape.description ?? "");
}

const addressFields = new Set(["iova", "source"]);
const isAddress = (field: string): boolean => addressFields.has(field);
const addressLike = (schema: z.ZodType): z.ZodType =>
  schema instanceof z.ZodOptional ? addressSchema.optional() : addressSchema;

const identifier = z.string().regex(/^[a-z][a-z0-9-]{2,60}$/, "lower-case words joined by dashes");
const objectName = z.string().regex(/^[A-Za-z][A-Za-z0-9._-]{0,30}$/, "a name");

/** A scenario file. */
export const scenarioSchema = z.strictObject({
  name: identifier.describe("The scenario's name, the same as its file's"),
  summary: z.string().min(10).max(200).describe("What it decides, in one sentence"),
  tags: z.array(identifier).min(1).describe("What it is about"),
  seeds: z
    .array(z.string().regex(/^\d{3}$/))
    .default([])
    .describe("Seed documents whose claim it decides"),
  ground: z.string().max(600).optional().describe("Why anybody would argue about it"),
  requires: z
    .array(z.string().regex(/^[A-Z0-9_]+$/))
    .default([])
    .describe("Kernel options beyond those the operations imply"),
  functions: z.record(objectName, z.enum(["nvme", "virtio-rng"])).describe("The functions, and which device each is"),
  buffers: z.record(objectName, z.int().min(1).max(256)).default({}).describe("Buffers and their number of pages"),
  steps: z.array(z.unknown()).min(1).max(500),
});

/** One step as written: its operation's name, its fields, and the author's note. */
export interface ScenarioStep {
  readonly op: OperationName;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly note: string | null;
}

/** A scenario, read and checked. */
export interface Scenario {
  readonly name: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly seeds: readonly string[];
  readonly ground: string | null;
  readonly requires: readonly string[];
  readonly functions: Readonly<Record<string, "nvme" | "virtio-rng">>;
  readonly buffers: Readonly<Record<string, number>>;
  readonly steps: readonly ScenarioStep[];
  /** Path it was read from. */
  readonly file: string;
}

/** The JSON Schema of a scenario file, for editors. */
export function scenarioJsonSchema(): Record<string, unknown> {
  const step = {
    anyOf: [
      ...phraseNames.map((name) => stepJsonSchema(name, phraseFields[name])),
      ...operationNames.map((name) => stepJsonSchema(name, loosen(operationFields[name]))),
    ],
  };
  const { steps: _, ...rest } = scenarioSchema.shape;
  const schema = z.toJSONSchema(z.strictObject(rest), { io: "input" }) as {
    properties: Record<string, unknown>;
    required: string[];
  };
  return {
    ...schema,
    title: "A zpci-hil scenario",
    properties: { ...schema.properties, steps: { type: "array", minItems: 1, items: step } },
    required: [...schema.required, "steps"],
  };
}

const stepJsonSchema = (name: string, fields: z.ZodType): Record<string, unknown> => ({
  type: "object",
  description: fields.description,
  properties: { [name]: z.toJSONSchema(fields, { io: "input" }), note: { type: "string" } },
  required: [name],
  additionalProperties: false,
});

/** The schema of one operation's fields as a scenario writes them. */
export const stepFieldsSchema = (name: OperationName): z.ZodType => loosen(operationFields[name]);
