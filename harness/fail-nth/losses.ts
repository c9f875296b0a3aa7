/** What an operation may lose that goes on without the memory it asked for: said by who asked, and by what differs then. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import * as z from "zod";
import { findDifferences, type Difference } from "../../src/compare/pattern.ts";
import type { OperationName } from "../../src/operation/operation.ts";
import { operationNames } from "../../src/operation/operation.ts";
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
  itself: z.boolean().default(false).describe("They asked themselves, not by way of others"),
  differs: z
    .array(
      z.strictObject({
        path: z.string(),
        observed: z.json().describe("A value, or a pattern of values (src/compare/pattern.ts)"),
        in: z
          .array(z.enum(operationNames))
          .min(1)
          .optional()
          .describe("Operations that may show it; any where absent"),
      }),
    )
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

/** What differs in an operation. */
export interface Deviating {
  readonly operation: OperationName;
  readonly differences: readonly Difference[];
}

/** The loss that explains all that differs, given the stacks of the allocations that failed before; null where none does. */
export function explainDifferences(
  { operation, differences }: Deviating,
  stacks: readonly (readonly string[])[],
  losses: readonly Loss[],
): Loss | null {
  const isOf = ({ within, itself }: Loss): boolean =>
    stacks.some((stack) => (itself ? stack.slice(0, 1) : stack).some((name) => within.includes(name)));
  const covers = ({ differs }: Loss, { path, observed }: Difference): boolean =>
    differs.some(
      (each) =>
        matchesPath(each.path, path) &&
        each.in?.includes(operation) !== false &&
        findDifferences(each.observed, observed, path).length === 0,
    );
  return losses.find((loss) => isOf(loss) && differences.every((each) => covers(loss, each))) ?? null;
}

function matchesPath(pattern: string, path: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.[\]]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join(String.raw`[\w.[\]]*`)}$`).test(path);
}
