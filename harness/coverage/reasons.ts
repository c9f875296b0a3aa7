/** Why lines are not reached, for those that no scenario shall reach or can reach. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import * as z from "zod";
import { projectRoot } from "../assets/project-root.ts";
import { UsageError } from "../errors/harness-error.ts";
import type { Gap } from "./gaps.ts";

const text = z.string().min(1);

const reasonSchema = z.strictObject({
  file: text.describe("Path below the root of the source"),
  function: z.union([text, z.array(text).min(1)]).describe("The function that has the lines, or several"),
  lines: z
    .array(text)
    .min(1)
    .optional()
    .describe("Text of a line of each gap that is meant; every gap of the function where absent"),
  reason: z.string().min(20).describe("Why nothing reaches them"),
});

/** Why lines of a function are not reached; by their text, so that it holds for another version as well. */
export type Reason = Omit<z.output<typeof reasonSchema>, "function"> & { readonly function: string };

/** Percentages of lines that are to be reached, by file. */
export type Bars = ReadonlyMap<string, number>;

/** Folder of what is said about coverage. */
export const coverageFixtures: string = join(projectRoot, "fixtures/coverage");

/**
 * Reads `unreached.yaml`.
 * @throws {UsageError} where it is not what it should be
 */
export async function readReasons(folder: string = coverageFixtures): Promise<readonly Reason[]> {
  const written = await readYaml(join(folder, "unreached.yaml"), z.array(reasonSchema));
  return written.flatMap((each) => [each.function].flat().map((name) => ({ ...each, function: name })));
}

/**
 * Reads `failing.yaml`: names of scenarios whose allocations are to fail as well.
 * @throws {UsageError} where it is not what it should be
 */
export async function readFailing(folder: string = coverageFixtures): Promise<readonly string[]> {
  return readYaml(join(folder, "failing.yaml"), z.array(text));
}

/**
 * Reads `bars.yaml`.
 * @throws {UsageError} where it is not what it should be
 */
export async function readBars(folder: string = coverageFixtures): Promise<Bars> {
  return new Map(
    Object.entries(await readYaml(join(folder, "bars.yaml"), z.record(text, z.number().min(0).max(100)))),
  );
}

/** Whether a reason is about a gap. */
export const explains = (reason: Reason, gap: Gap): boolean =>
  reason.file === gap.file &&
  reason.function === gap.function &&
  (reason.lines === undefined || reason.lines.some((part) => gap.text.some((line) => line.includes(part))));

/** Reasons, or lines of them, that are about no gap: what they excuse is reached, or is not there any more. */
export function findStaleReasons(reasons: readonly Reason[], gaps: readonly Gap[]): readonly Reason[] {
  return reasons.flatMap((reason) => {
    if (reason.lines === undefined) return gaps.some((gap) => explains(reason, gap)) ? [] : [reason];
    const stale = reason.lines.filter((part) => !gaps.some((gap) => explains({ ...reason, lines: [part] }, gap)));
    return stale.length === 0 ? [] : [{ ...reason, lines: stale }];
  });
}

async function readYaml<S extends z.ZodType>(path: string, schema: S): Promise<z.output<S>> {
  const contents = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new UsageError({ what: `Cannot read "${path}"`, cause });
  });
  let value: unknown;
  try {
    value = parse(contents);
  } catch (cause) {
    throw new UsageError({ what: `Cannot read "${path}": it is no YAML`, cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new UsageError({ what: `Cannot read "${path}": ${z.prettifyError(parsed.error)}` });
}
