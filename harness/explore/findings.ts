/** The folder of findings: each a scenario file and a record beside it, by which it is known again. */
import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import type { Sequence } from "../../src/explore/sequence.ts";
import { writeScenario } from "../../src/explore/write-scenario.ts";
import type { Profile } from "../../src/trace/profile.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { makeFolders } from "../lifecycle/make-folders.ts";
import { escapeLine } from "../report/escape.ts";

/** What is kept of a finding beside its scenario. */
export const findingSchema = z.object({
  finding: z.literal(1),
  name: z.string(),
  signature: z.string(),
  /** What differs, in a line. */
  what: z.string(),
  seed: z.number(),
  sequence: z.number(),
  /** The sequence of the corpus that it began from, by its name; null where from nothing. */
  from: z.string().nullable().default(null),
  /** Operations of the sequence when it was found, and of the scenario. */
  operations: z.object({ found: z.number(), shrunk: z.number() }),
  confirmed: z.object({ shown: z.number(), tries: z.number() }),
  clones: z.number(),
  /** Seconds from the beginning until it was found, and that shrinking took. */
  seconds: z.object({ found: z.number(), shrunk: z.number() }),
  /** What `zhil run` says of the scenario. */
  verdict: z.enum(["pass", "fail", "known", "skip", "error"]).nullable(),
  bench: z.string(),
  /** Path of the scenario. */
  file: z.string(),
  /** Path of the reproducer; why there is none where it begins so. */
  reproducer: z.string().nullable(),
});

/** What is kept of a finding. */
export type Finding = z.output<typeof findingSchema>;

/** What findings of that kind are called: the operation, and a number of their signature. */
export function nameOf(signature: string): string {
  const [op = "finding"] = signature.split(" ");
  return `explored-${op}-${createHash("sha256").update(signature).digest("hex").slice(0, 8)}`;
}

/**
 * Signatures that earlier findings of a folder have.
 * @throws {InfrastructureError} where it cannot be read
 */
export async function readSignatures(folder: string): Promise<Set<string>> {
  const names = await readdir(folder).catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new InfrastructureError({ what: `Cannot read the folder of findings "${folder}"`, cause });
  });
  const found = new Set<string>();
  for (const name of names.filter((each) => each.startsWith("explored-") && each.endsWith(".json"))) {
    const text = await readFile(join(folder, name), "utf8").catch(() => "");
    // What is no record of ours is nobody's finding.
    const read = findingSchema.safeParse(parse(text));
    if (read.success) found.add(read.data.signature);
  }
  return found;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * Writes the scenario of a finding; returns its path.
 * @throws {InfrastructureError} where it cannot be written
 */
export async function writeFinding(
  folder: string,
  { name, what }: Pick<Finding, "name" | "what">,
  sequence: Sequence,
  bench: Pick<Profile, "kernel" | "memoryMiB">,
): Promise<string> {
  const file = join(folder, `${name}.yaml`);
  const text = writeScenario({ name, summary: escapeLine(`Explored: ${what}`), tags: ["explored"] }, sequence, bench);
  await keep(folder, file, text);
  return file;
}

/**
 * Writes the record of a finding.
 * @throws {InfrastructureError} where it cannot be written
 */
export const writeRecord = (folder: string, finding: Finding): Promise<void> =>
  keep(folder, join(folder, `${finding.name}.json`), `${JSON.stringify(finding, null, 2)}\n`);

async function keep(folder: string, file: string, text: string): Promise<void> {
  try {
    await makeFolders(folder);
    await writeFile(file, text);
  } catch (cause) {
    throw new InfrastructureError({ what: `Cannot keep "${file}"`, remedy: "Name another folder with --out", cause });
  }
}
