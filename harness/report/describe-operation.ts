import { ZodDefault, type ZodType } from "zod";
import { answerSchemas } from "../../src/operation/answers.ts";
import {
  insideFields,
  operationFields,
  type InsideOperation,
  type Operation,
} from "../../src/operation/operation.ts";

/** An operation as a person would say it, without what goes without saying: `dma-write function=a iova=0x1000 block=2`. */
export function describeOperation({ op, during = [], answers = [], ...fields }: Operation): string {
  const inside = during.map(
    ({ at, of, operation }) => `(${at}${of === undefined ? "" : ` of ${of}`}: ${describeInside(operation)})`,
  );
  const told = answers.map(({ instruction, ...each }) => {
    const { shape } = answerSchemas[instruction];
    return `(${describeFields(`answer ${instruction}`, each, shape)})`;
  });
  return [describeFields(op, fields, operationFields[op].shape), ...inside, ...told].join(" ");
}

const describeInside = ({ op, ...fields }: InsideOperation): string =>
  describeFields(op, fields, insideFields[op].shape);

function describeFields(op: string, fields: object, shape: Readonly<Record<string, ZodType>>): string {
  const words = Object.entries(fields)
    .filter(([field, value]) => !isDefault(shape[field], value))
    .map(([field, value]) => `${field}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  return [op, ...words].join(" ");
}

const isDefault = (schema: ZodType | undefined, value: unknown): boolean =>
  schema instanceof ZodDefault && JSON.stringify(schema.def.defaultValue) === JSON.stringify(value);
