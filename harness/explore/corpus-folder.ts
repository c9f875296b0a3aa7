/**
 * The corpus on disk: below a folder one for each kernel, in it a file for each kept sequence. Such a file is a scenario, which
 * `zhil run` runs, under a comment that says the rest.
 */
import { createHash } from "node:crypto";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { castDevices } from "../../src/explore/cast.ts";
import { keptSchema, placesOf, type Kept, type Reached } from "../../src/explore/corpus.ts";
import type { Sequence } from "../../src/explore/sequence.ts";
import { writeScenario } from "../../src/explore/write-scenario.ts";
import { makePlan } from "../../src/plan/make-plan.ts";
import { parseScenario, stepLimit } from "../../src/scenario/parse.ts";
import type { Profile } from "../../src/trace/profile.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { makeFolders } from "../lifecycle/make-folders.ts";

/** A kept sequence, as far as it takes no reading of its operations. */
export interface Entry {
  /** A word made of what it consists of. */
  readonly name: string;
  readonly file: string;
  readonly kept: Kept;
}

/** What a folder has of a kernel. */
export interface Entries {
  readonly entries: readonly Entry[];
  /** Files that are none of this version's. */
  readonly odd: readonly string[];
}

/** What sequences are kept for. */
export type CorpusBench = Pick<Profile, "kernel" | "memoryMiB">;

const mark = "# zhil corpus: ";
const extension = ".yaml";

/** The folder of a kernel in a corpus: by its version for people, and by its digest. */
export const folderOf = (
  corpus: string,
  { version, digest }: Pick<Profile["kernel"], "version" | "digest">,
): string => join(corpus, `${version.replaceAll(/[^\w.-]/gu, "_")}-${digest.replace(/^sha256:/u, "").slice(0, 12)}`);

/**
 * Folders of a corpus that have sequences, each of one kernel.
 * @throws {InfrastructureError} where it cannot be read
 */
export async function listFolders(corpus: string): Promise<readonly string[]> {
  const names = await list(corpus);
  return names.filter((name) => /-[0-9a-f]{12}$/u.test(name)).map((name) => join(corpus, name));
}

/** Names in a folder, in order; none where it is not there. */
async function list(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new InfrastructureError({ what: `Cannot read the corpus "${folder}"`, cause });
  }
}

/**
 * Reads what a folder of a corpus has of the kernel it is of.
 * @throws {InfrastructureError} where it cannot be read
 */
export async function readEntries(folder: string): Promise<Entries> {
  const digest = folder.slice(-12);
  const entries: Entry[] = [];
  const odd: string[] = [];
  for (const each of (await list(folder)).filter((name) => name.endsWith(extension))) {
    const file = join(folder, each);
    const kept = readKept(await readFile(file, "utf8").catch(() => ""));
    if (kept?.kernel.startsWith(`sha256:${digest}`) !== true) odd.push(file);
    else entries.push({ name: each.slice(0, -extension.length), file, kept });
  }
  return { entries, odd };
}

/** What stands above a kept sequence; null above anything else. */
function readKept(text: string): Kept | null {
  const [line = ""] = text.split("\n", 1);
  if (!line.startsWith(mark)) return null;
  try {
    return keptSchema.safeParse(JSON.parse(line.slice(mark.length))).data ?? null;
  } catch {
    return null;
  }
}

/**
 * The sequence of an entry; null where this version cannot read it, or its file is gone.
 * @param bench what addresses of it mean
 */
export async function readSequence(
  { file, kept }: Entry,
  bench: Omit<Profile, "functions">,
): Promise<Sequence | null> {
  try {
    const scenario = parseScenario(await readFile(file, "utf8"), file);
    const plan = makePlan(scenario, bench);
    const functions = z.record(z.string(), z.enum(castDevices)).parse(scenario.functions);
    const { buffers, subjects } = kept;
    return {
      cast: {
        ...{ functions, buffers, subjects: new Set(subjects), kernelParameters: scenario.kernelParameters },
      },
      operations: plan.steps.map(({ operation }) => operation),
    };
  } catch {
    return null;
  }
}

/**
 * Keeps a sequence: on disk is always the whole of it, or nothing. Null where it is too long for a scenario.
 * @throws {InfrastructureError} where it cannot be written
 */
export async function writeEntry(
  corpus: string,
  sequence: Sequence,
  about: Pick<Kept, "seed" | "sequence" | "from"> & { readonly reached: readonly Reached[] },
  bench: CorpusBench,
): Promise<Entry | null> {
  const { cast, operations } = sequence;
  if (operations.length > stepLimit) return null;
  const subjects = [...cast.subjects].sort();
  const kept: Kept = {
    ...{ corpus: 1, kernel: bench.kernel.digest, seed: about.seed, sequence: about.sequence, from: about.from },
    ...{ subjects, buffers: cast.buffers },
    reached: about.reached.map(({ operation, places }) => ({ operation, places: [...places] })),
  };
  const content = JSON.stringify([cast.functions, cast.buffers, cast.kernelParameters, subjects, operations]);
  const name = `kept-${createHash("sha256").update(content).digest("hex").slice(0, 12)}`;
  const summary = `Kept: reaches ${String(placesOf(about.reached).length)} places of the kernel that none before it did`;
  const text = writeScenario({ name, summary, tags: ["explored"] }, sequence, bench);
  const folder = folderOf(corpus, bench.kernel);
  const file = join(folder, `${name}${extension}`);
  const unfinished = `${file}.${String(process.pid)}`;
  try {
    await makeFolders(folder);
    await writeFile(unfinished, `${mark}${JSON.stringify(kept)}\n${text}`, { flush: true });
    await rename(unfinished, file);
  } catch (cause) {
    await rm(unfinished, { force: true });
    throw new InfrastructureError({
      what: `Cannot keep "${file}"`,
      remedy: "Name another folder with --corpus",
      cause,
    });
  }
  return { name, file, kept };
}

/**
 * Takes entries out of a corpus.
 * @throws {InfrastructureError} where one cannot be
 */
export async function removeEntries(entries: readonly Pick<Entry, "file">[]): Promise<void> {
  for (const { file } of entries) {
    try {
      await rm(file, { force: true });
    } catch (cause) {
      throw new InfrastructureError({ what: `Cannot remove "${file}"`, cause });
    }
  }
}
