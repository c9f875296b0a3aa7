/** Files of a kernel that count how often each of their lines runs: which, and what is kept of them to read the counts. */
import { copyFile, mkdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** What belongs to a kernel that counts. */
export interface CoveredFiles {
  /** Paths below the root of the source, as in `drivers/iommu/s390-iommu.c`. */
  readonly files: readonly string[];
  /** Folder that the kernel was built in: it names its counts after it. */
  readonly objects: string;
}

/** Folder of a built kernel that holds its covered files, and beside each what the compiler noted of it. */
export const coverageFolder = "coverage";

/** Under which word fragments name files that are instrumented, and the kernel's variable of make for each: it goes by the object. */
const marks = { covers: "GCOV_PROFILE", traces: "KCOV_INSTRUMENT" } as const;

/** Files that fragments of a configuration ask to be covered: to count their lines, or to tell which places a thread went through. */
export function parseMarkedFiles(fragments: string, mark: keyof typeof marks): readonly string[] {
  const lines = fragments.matchAll(/^# (\w+): ((?:[\w-]+\/)*[\w-]+)\.c$/gm);
  return [...lines].filter(([, word]) => word === mark).map(([, , path = ""]) => `${path}.c`);
}

/** Variables that have make instrument what fragments of a configuration ask for. */
export function variablesOf(fragments: string): readonly string[] {
  const variables = (["covers", "traces"] as const).flatMap((mark) =>
    parseMarkedFiles(fragments, mark).map((file) => `${marks[mark]}_${basename(objectOf(file))}=y`),
  );
  return [...new Set(variables)];
}

/** Path of what the compiler noted of a file. */
export const notesOf = (file: string): string => file.replace(/\.c$/, ".gcno");

/** Path of what a file has counted. */
export const countsOf = (file: string): string => file.replace(/\.c$/, ".gcda");

/** Copies what it takes to read the counts later, whatever becomes of the folders that the kernel was built from. */
export async function keepCoveredFiles(
  { files, objects }: CoveredFiles,
  source: string,
  folder: string,
): Promise<void> {
  for (const file of files) {
    const target = join(folder, coverageFolder, file);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(join(source, file), target);
    await copyFile(join(objects, notesOf(file)), notesOf(target));
  }
}

const objectOf = (file: string): string => file.replace(/\.c$/, ".o");
