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

/** Why lines of functions are not reached; by their text, so that it holds for another version as well. */
export type Reason = Omit<z.output<typeof reasonSchema>, "function"> & { readonly functions: readonly string[] };

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
  return written.map(({ function: names, ...rest }) => ({ ...rest, functions: [names].flat() }));
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
  gap.function !== null &&
  reason.functions.includes(gap.function) &&
  (reason.lines === undefined || reason.lines.some((part) => gap.text.some((line) => line.includes(part))));

/** Functions of reasons, or lines, that are about no gap: what they excuse is reached, or is not there any more. */
export function findStaleReasons(reasons: readonly Reason[], gaps: readonly Gap[]): readonly Reason[] {
  const isIdle = (reason: Reason): boolean => !gaps.some((gap) => explains(reason, gap));
  return reasons.flatMap((reason) => {
    const { lines, ...all } = reason;
    const functions = reason.functions.filter((name) => isIdle({ ...reason, functions: [name] }));
    // Of a reason that is about nothing at all its lines need no mention.
    const isAbout = functions.length < reason.functions.length;
    const idle = isAbout ? (lines ?? []).filter((part) => isIdle({ ...reason, lines: [part] })) : [];
    return [
      ...(functions.length === 0 ? [] : [{ ...all, functions }]),
      ...(idle.length === 0 ? [] : [{ ...reason, lines: idle }]),
    ];
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
