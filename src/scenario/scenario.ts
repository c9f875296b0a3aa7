/** The scenario language: what a person writes in YAML, and its schema. */
import * as z from "zod";
import { insideFields, nameSchema, operationFields, operationNames } from "../operation/operation.ts";
import type { InsideName, OperationName } from "../operation/operation.ts";
import { answerSchemas, type Answer } from "../operation/answers.ts";
import { deviceNames, type DeviceKind } from "../trace/device-kinds.ts";
import { insideNames, placeSchema, pointsOf } from "../operation/during.ts";
import { addressSchema } from "./address.ts";
import type { ScenarioInterjection } from "./during.ts";
import { phraseFields, phraseNames } from "./phrases.ts";
import { deviceNeeds, exchangeable, type DeviceNeed, type ExchangeTarget } from "./exchangeable.ts";

/** The same object schema with every address field taking the scenario's own notation. */
function loosen(shape: (typeof operationFields)[OperationName] | (typeof insideFields)[InsideName]): z.ZodObject {
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

const identifier = z.string().regex(/^[a-z][a-z0-9-]{2,60}$/, "expected lower-case words joined by dashes");

/** A device by its name, or a module by its path: as the scenario's file sees it. */
const deviceSchema = z.union([
  z.enum(deviceNames),
  z
    .string()
    .regex(
      /^(?:\.{1,2})?\/.+\.m?[jt]s$/,
      `expected one of ${deviceNames.join(", ")}, or the path of a module such as ./mine.mjs`,
    ),
]);

/** What a scenario may add to the kernel's command line. */
const kernelParameters = [
  "iommu.strict=0",
  "iommu.strict=1",
  "iommu.passthrough=1",
  "s390_iommu=strict",
  "s390_iommu_aperture=0",
] as const;

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
  "kernel-parameters": z
    .array(z.enum(kernelParameters))
    .max(2)
    .default([])
    .describe("What the kernel's command line has besides; each different list costs a boot"),
  "dma-entry-limit": z
    .int()
    .min(8)
    .max(65535)
    .optional()
    .describe(
      "How many mappings the host of a guest allows a container (vfio_iommu_type1.dma_entry_limit); the guest has its functions by such",
    ),
  since: z
    .string()
    .regex(/^\d+\.\d+$/, "expected a version such as 7.0")
    .optional()
    .describe("First Linux that it can be asked of; older ones skip it"),
  functions: z
    .record(nameSchema, deviceSchema)
    .describe("The functions, and which device each is, or the module that is one (docs/write-a-function.md)"),
  also: z
    .array(z.enum(exchangeable))
    .default([])
    .describe(
      "The device that every NVMe or witness of it may be as well: NAME@DEVICE is the same scenario on those",
    ),
  "device-needs": z
    .array(z.enum(deviceNeeds))
    .default([])
    .describe(
      "What devices have to be like that it is put on instead of those it names, beyond what its operations imply",
    ),
  buffers: z.record(nameSchema, z.int().min(1).max(256)).default({}).describe("Buffers and their number of pages"),
  steps: z.array(z.unknown()).min(1).max(500),
});

const pageSchema = z.string().regex(/^[A-Za-z][A-Za-z0-9._-]{0,30}\[\d{1,3}\]$/, "expected a page such as p[0]");

/** What a step's author knows and the model cannot: what a function of one's own does. */
export const expectSchema = z.strictObject({
  memory: z
    .record(pageSchema, z.string().regex(/^[A-Za-z0-9:._-]{1,60}$/))
    .describe("Pages that a function of one's own writes meanwhile, and the name of what they hold then"),
});

/** Which of the allocations of a step's operation fails; there are never so many (guests/agent/fail-nth.c). */
export const failNthSchema = z
  .int()
  .min(1)
  .max(100_000)
  .describe(
    "Which of the kernel's allocations in the operation fails, counted from 1: it is refused, or goes on without",
  );

/** What is to be seen at a step beside what the model predicts. */
export type StepExpectation = z.output<typeof expectSchema>;

/** One step as written: its operation's name, its fields, and the author's note. */
export interface ScenarioStep {
  readonly op: OperationName;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly note: string | null;
  /** What functions do inside it. */
  readonly during: readonly ScenarioInterjection[];
  /** What its instructions are answered. */
  readonly answers: readonly Answer[];
  /** Which of the kernel's allocations in it fails; none where absent. */
  readonly failNth?: number;
  /** What a function of one's own brings about meanwhile. */
  readonly expect?: StepExpectation;
}

/** A scenario, read and checked. */
export interface Scenario {
  readonly name: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly seeds: readonly string[];
  readonly ground: string | null;
  readonly requires: readonly string[];
  /** What the kernel's command line has besides. */
  readonly kernelParameters: readonly string[];
  /** How many mappings a container of the host may have; the usual number where absent. */
  readonly dmaEntryLimit?: number;
  /** First Linux that it can be asked of; null where any can. */
  readonly since: string | null;
  /** Devices by their names, or modules by their paths. */
  readonly functions: Readonly<Record<string, string>>;
  /** Devices that every NVMe, or every witness, of it may be as well. */
  readonly also: readonly (typeof exchangeable)[number][];
  /** What devices have to be like that it is put on instead. */
  readonly deviceNeeds: readonly DeviceNeed[];
  readonly buffers: Readonly<Record<string, number>>;
  readonly steps: readonly ScenarioStep[];
  /** The device that it was put on by whoever runs it, and what of it that device cannot do; absent where it is as written. */
  readonly onDevice?: { readonly device: ExchangeTarget; readonly lacks: readonly string[] };
  /** Path it was read from. */
  readonly file: string;
}

/**
 * The JSON Schema of a scenario file, for editors: `npm run schema` writes it to `fixtures/scenario.schema.json`.
 *
 * A step is one object with every operation as a property, not a choice of fifty objects: an editor then offers the
 * operations by name, and complains about the field that is wrong and not about fifty steps that did not fit.
 */
export function scenarioJsonSchema(): Record<string, unknown> {
  const note = { type: "string", description: "What is to be seen here, shown in reports" };
  const step = {
    type: "object",
    properties: {
      ...Object.fromEntries(phraseNames.map((name) => [name, fieldsJsonSchema(phraseFields[name])])),
      ...Object.fromEntries(operationNames.map((name) => [name, fieldsJsonSchema(stepFieldsSchema(name))])),
      note,
      expect: fieldsJsonSchema(expectSchema),
      during: duringJsonSchema(),
      answer: answerJsonSchema(),
      "fail-nth": fieldsJsonSchema(failNthSchema),
    },
    additionalProperties: false,
    minProperties: 1,
    maxProperties: 4,
  };
  const { steps: _, ...rest } = scenarioSchema.shape;
  const schema = z.toJSONSchema(z.strictObject(rest), { io: "input" }) as {
    properties: Record<string, unknown>;
    required: string[];
  };
  return {
    ...schema,
    title: "A zpci-hil scenario",
    properties: { ...schema.properties, steps: { type: "array", minItems: 1, maxItems: 500, items: step } },
    required: [...schema.required, "steps"],
  };
}

/** The points are offered whatever the operation is: which of them it passes is the parser's to say. */
function duringJsonSchema(): Record<string, unknown> {
  const place = fieldsJsonSchema(placeSchema) as { properties: Record<string, unknown> };
  return {
    type: "array",
    description: `What is done inside the operation, in the order of its points; for ${Object.keys(pointsOf).join(", ")}`,
    minItems: 1,
    items: {
      type: "object",
      properties: {
        ...place.properties,
        ...Object.fromEntries(insideNames.map((name) => [name, fieldsJsonSchema(insideFieldsSchema(name))])),
      },
      required: ["at"],
      additionalProperties: false,
      minProperties: 2,
      maxProperties: 3,
    },
  };
}

/** One answer, or a list of them. */
function answerJsonSchema(): Record<string, unknown> {
  const answer = { anyOf: Object.values(answerSchemas).map(fieldsJsonSchema) };
  return {
    description:
      "What instructions of the operation are answered instead of what the hypervisor has to say (docs/answers.md)",
    anyOf: [...answer.anyOf, { type: "array", minItems: 1, maxItems: 8, items: answer }],
  };
}

/** Editors read `0x1000` as a number, whatever the parser here does with it. */
const fieldsJsonSchema = (fields: z.ZodType): Record<string, unknown> => {
  const { $schema: _, ...schema } = z.toJSONSchema(fields, {
    io: "input",
    override: ({ jsonSchema }) => {
      if (jsonSchema.pattern?.includes("0x") === true) Object.assign(jsonSchema, { type: ["string", "integer"] });
    },
  });
  return schema;
};

const stepSchemas = Object.fromEntries(
  operationNames.map((name) => [name, loosen(operationFields[name])]),
) as Readonly<Record<OperationName, z.ZodObject>>;

/** The schema of one operation's fields as a scenario writes them. */
export const stepFieldsSchema = (name: OperationName): z.ZodObject => stepSchemas[name];

const insideSchemas = Object.fromEntries(insideNames.map((name) => [name, loosen(insideFields[name])])) as Readonly<
  Record<InsideName, z.ZodObject>
>;

/** The schema of the fields of something that is done inside an operation, as a scenario writes them. */
export const insideFieldsSchema = (name: InsideName): z.ZodObject => insideSchemas[name];

/** The kind of device that a scenario means by a name or by the path of a module. */
export const kindOf = (device: string): DeviceKind => deviceNames.find((each) => each === device) ?? "own";
