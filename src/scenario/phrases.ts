/** Phrases: steps that stand for several operations, so that a scenario says what it is about and not how to get there. */
import * as z from "zod";
import { nameSchema as name, type OperationName } from "../operation/operation.ts";
import { addressSchema } from "./address.ts";

/** Each phrase's fields. */
export const phraseFields = {
  "take-iommufd": z
    .strictObject({ function: name, iommufd: name.default("main") })
    .describe("bind, open, bind-iommufd"),
  "take-type1": z
    .strictObject({ function: name, container: name, join: z.boolean().default(false) })
    .describe(
      "bind, container-open, group-open, group-set-container, container-set-iommu, group-get-device; join: an existing one",
    ),
  "start-nvme": z
    .strictObject({
      function: name,
      ioas: name.optional(),
      container: name.optional(),
      iova: addressSchema.default("base"),
    })
    .refine(
      ({ ioas, container }) => (ioas === undefined) !== (container === undefined),
      "expected either an ioas or a container",
    )
    .describe("Map the function's queue pages at the IOVA in an IOAS or container, then nvme-enable"),
} as const;

/** The name of a phrase. */
export type PhraseName = keyof typeof phraseFields;

/** Every phrase's name. */
export const phraseNames = Object.keys(phraseFields) as PhraseName[];

type Expanded = readonly (readonly [OperationName, Record<string, unknown>])[];

const expansions: { readonly [N in PhraseName]: (fields: z.output<(typeof phraseFields)[N]>) => Expanded } = {
  "take-iommufd": ({ function: fn, iommufd }) => [
    ["bind", { function: fn }],
    ["open", { function: fn }],
    ["bind-iommufd", { function: fn, iommufd }],
  ],
  "take-type1": ({ function: fn, container, join }) => [
    ["bind", { function: fn }],
    ...(join ? [] : ([["container-open", { container }]] as const)),
    ["group-open", { function: fn }],
    ["group-set-container", { function: fn, container }],
    ...(join ? [] : ([["container-set-iommu", { container }]] as const)),
    ["group-get-device", { function: fn }],
  ],
  "start-nvme": ({ function: fn, ioas, container, iova }) => [
    ioas === undefined
      ? ["container-map", { container, iova, buffer: `${fn}.queues` }]
      : ["ioas-map", { ioas, iova, buffer: `${fn}.queues` }],
    ["nvme-enable", { function: fn, iova }],
  ],
};

/** The operations a phrase stands for, with fields as a scenario writes them. */
export function expandPhrase(phrase: PhraseName, fields: unknown): Expanded {
  return (expansions[phrase] as (fields: unknown) => Expanded)(fields);
}
