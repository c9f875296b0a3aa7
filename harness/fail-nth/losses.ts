/** What an operation may lose that goes on without the memory it asked for: said by who asked, and by what differs then. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import * as z from "zod";
import type { Difference } from "../../src/compare/pattern.ts";
import { projectRoot } from "../assets/project-root.ts";
import { UsageError } from "../errors/harness-error.ts";

const words = z.string().min(20);

const lossSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z-]*$/),
  title: words,
  fault: z.enum(["none", "kernel"]).describe("none: the kernel promises no more; kernel: it should do better"),
  within: z
    .array(z.string().regex(/^\w+$/))
    .min(1)
    .describe("Functions of the kernel that asked for the memory, by way of others"),
  differs: z
    .array(z.strictObject({ path: z.string(), observed: z.json().optional() }))
    .min(1)
    .describe("What differs then, by its path in the observation, * for any name or number; as what is observed"),
  why: words,
  sources: z.array(z.string()).min(1).describe("Files and functions"),
});

/** Something that may be lost. */
export type Loss = z.output<typeof lossSchema>;

/** File that has them. */
const lossesFile: string = join(projectRoot, "fixtures/fail-nth/losses.yaml");

/**
 * Reads what may be lost.
 * @throws {UsageError} where the file is not what it should be
 */
export async function readLosses(file: string = lossesFile): Promise<readonly Loss[]> {
  try {
    return z.array(lossSchema).parse(parse(await readFile(file, "utf8")));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? `: ${z.prettifyError(cause)}` : "";
    throw new UsageError({ what: `Cannot read "${file}"${why}`, cause });
  }
}

/** The loss that explains all that differs, given the stacks of the allocations that failed before; null where none does. */
export function explainDifferences(
  differences: readonly Difference[],
  stacks: readonly (readonly string[])[],
  losses: readonly Loss[],
): Loss | null {
  const isOf = ({ within }: Loss): boolean => stacks.some((stack) => stack.some((name) => within.includes(name)));
  const covers = ({ differs }: Loss, { path, observed }: Difference): boolean =>
    differs.some(
      (each) =>
        matchesPath(each.path, path) &&
        (each.observed === undefined || JSON.stringify(each.observed) === JSON.stringify(observed)),
    );
  return losses.find((loss) => isOf(loss) && differences.every((each) => covers(loss, each))) ?? null;
}

function matchesPath(pattern: string, path: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.[\]]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join(String.raw`[\w.[\]]*`)}$`).test(path);
}
