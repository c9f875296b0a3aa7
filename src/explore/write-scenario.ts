/** A sequence as a scenario file: what a person reads, and any other scenario is written in. */
import { Document, type Pair, type Scalar, type YAMLMap } from "yaml";
import { answerSchemas } from "../operation/answers.ts";
import { insideFields, operationFields, type Operation } from "../operation/operation.ts";
import type { Profile } from "../trace/profile.ts";
import { apertureOf, type Aperture } from "../zpci/aperture.ts";
import { toHex } from "../zpci/iova.ts";
import type * as z from "zod";
import { withoutDefaults } from "./defaults.ts";
import { wordsOf, type Sequence } from "./sequence.ts";

/** What is said of it. */
export interface Heading {
  readonly name: string;
  readonly summary: string;
  readonly tags: readonly string[];
}

/** Longest summary of a scenario. */
const longestSummary = 200;
/** Addresses so near to the aperture are said by it. */
const near = 0x1000_0000n;
const lineWidth = 120;

/** The text of a scenario file. */
export function writeScenario(
  { name, summary, tags }: Heading,
  sequence: Sequence,
  bench: Pick<Profile, "kernel" | "memoryMiB">,
): string {
  const { cast, operations } = sequence;
  const aperture = apertureOf(bench);
  const used = new Set(operations.flatMap(wordsOf));
  const buffers = Object.fromEntries(Object.entries(cast.buffers).filter(([buffer]) => used.has(buffer)));
  const document = new Document({
    name,
    summary: summary.slice(0, longestSummary),
    tags,
    ...(cast.kernelParameters.length === 0 ? {} : { "kernel-parameters": cast.kernelParameters }),
    functions: cast.functions,
    ...(Object.keys(buffers).length === 0 ? {} : { buffers }),
    steps: operations.map((operation) => writeStep(operation, aperture)),
  });
  const contents = document.contents as YAMLMap<Scalar<string>, YAMLMap>;
  for (const { key, value } of contents.items as Pair<Scalar<string>, YAMLMap | null>[]) {
    if (value === null || key.value === "name" || key.value === "summary") continue;
    if (key.value !== "steps") value.flow = true;
    else for (const step of value.items as unknown as YAMLMap[]) makeFlow(step);
  }
  return document.toString({ lineWidth, flowCollectionPadding: true });
}

function makeFlow(step: YAMLMap): void {
  for (const { key, value } of step.items as Pair<Scalar<string>, YAMLMap | null>[]) {
    if (value === null) continue;
    if (key.value !== "during") value.flow = true;
    else for (const inside of value.items as unknown as YAMLMap[]) makeInsideFlow(inside);
  }
}

function makeInsideFlow(inside: YAMLMap): void {
  for (const { value } of inside.items as Pair<Scalar<string>, YAMLMap | Scalar>[]) {
    if (value !== null && "items" in value) value.flow = true;
  }
}

function writeStep({ op, during, answers, failNth, ...fields }: Operation, aperture: Aperture): unknown {
  const answer = (answers ?? []).map((each) => withoutDefaults(answerSchemas[each.instruction], each));
  return {
    [op]: writeFields(operationFields[op], fields, aperture),
    ...(during === undefined
      ? {}
      : {
          during: during.map(({ at, of, operation: { op: inside, ...rest } }) => ({
            ...{ at, ...(of === undefined ? {} : { of }) },
            [inside]: writeFields(insideFields[inside], rest, aperture),
          })),
        }),
    ...(answer.length === 0 ? {} : { answer: answer.length === 1 ? answer[0] : answer }),
    ...(failNth === undefined ? {} : { "fail-nth": failNth }),
  };
}

function writeFields(schema: z.ZodType, fields: object, aperture: Aperture): Record<string, unknown> {
  const written = withoutDefaults(schema, fields);
  for (const field of ["iova", "source"]) {
    const address = written[field];
    if (typeof address === "string") written[field] = writeAddress(BigInt(address), aperture);
  }
  return written;
}

/** An address as people would say it: by the aperture where it is near. */
export function writeAddress(address: bigint, { first, last }: Aperture): string {
  if (address === first) return "base";
  if (address === last) return "last";
  const middle = first + (last - first) / 2n;
  if (address > first && address < middle) return `base+${toHex(address - first)}`;
  if (address < first && first - address < near) return `base-${toHex(first - address)}`;
  if (address >= middle && address < last) return `last-${toHex(last - address)}`;
  if (address > last && address - last < near) return `last+${toHex(address - last)}`;
  return toHex(address);
}
