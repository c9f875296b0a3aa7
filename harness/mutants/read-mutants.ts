/** Mutants on disk. */
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { nearestOf } from "../../src/scenario/nearest.ts";
import { projectRoot } from "../assets/project-root.ts";
import { UsageError } from "../errors/harness-error.ts";
import { parseMutant, type Mutant } from "./mutant.ts";

/** Folder of the mutants that come with the project. */
export const mutantsFolder: string = join(projectRoot, "fixtures", "mutants");

/**
 * Reads the mutants of a folder, in order of their names; only those named where names are given.
 * @throws {UsageError} for a patch without a header, one whose name is not its file's, or a name that no mutant has
 */
export async function readMutants(names: readonly string[], folder: string = mutantsFolder): Promise<Mutant[]> {
  const files = await readdir(folder).catch((cause: unknown) => {
    throw new UsageError({ what: `Cannot read the folder of mutants "${folder}"`, cause });
  });
  const patches = files.filter((file) => file.endsWith(".patch")).sort();
  const mutants = await Promise.all(patches.map((file) => readMutant(join(folder, file))));
  for (const name of names) {
    if (mutants.some((each) => each.name === name)) continue;
    const near = nearestOf(
      name,
      mutants.map((each) => each.name),
    );
    throw new UsageError({
      what: `Unknown mutant "${name}"${near === null ? "" : `: did you mean "${near}"?`}`,
      remedy: `"zhil mutants --list" shows what there is`,
    });
  }
  const wanted = names.length === 0 ? mutants : mutants.filter((each) => names.includes(each.name));
  if (wanted.length > 0) return wanted;
  throw new UsageError({ what: `Nothing to do: the folder "${folder}" has no mutant` });
}

async function readMutant(file: string): Promise<Mutant> {
  const mutant = parseMutant(await readFile(file, "utf8"), file);
  const expected = basename(file, ".patch");
  if (mutant.name === expected) return mutant;
  throw new UsageError({
    what: `Cannot read the mutant "${file}": it is named "${mutant.name}", its file otherwise`,
  });
}
