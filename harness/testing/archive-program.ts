/** Programs for tests that the archive has: fetched into the cache with what they depend on, and run from there. */
import { mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { withArchive, type Archive } from "../assets/archive.ts";
import { findCacheRoot, publishEntry, readChoice, readEntry, writeChoice, type Entry } from "../assets/cache.ts";
import { withLock } from "../assets/file-lock.ts";
import { printProgress } from "../assets/print-progress.ts";
import { findLibraryFolders, unpackPackages } from "../assets/unpack-packages.ts";
import { InfrastructureError } from "../errors/harness-error.ts";

/** What is wanted of the archive. */
export interface WantedProgram {
  /** Where the cache keeps it. */
  readonly kind: string;
  /** As an error names it. */
  readonly what: string;
  /** Packages that have it: the first that the machine's release has is taken. */
  readonly packages: readonly string[];
  /** The program in a package's tree; null where it is not there. */
  readonly find: (tree: string, name: string) => Promise<string | null>;
  /** What it needs beside it, once its folder has its place. */
  readonly complete?: (folder: string) => Promise<void>;
}

/** A program in the cache. */
export interface ArchiveProgram {
  /** Its folder; files of the packages are in `tree`. */
  readonly folder: string;
  readonly program: string;
  /** Value for LD_LIBRARY_PATH. */
  readonly libraryPath: string;
}

interface Unpacked {
  readonly program: string;
  readonly libraries: readonly string[];
}

/**
 * The program, fetched where the cache has none. It is of the machine's own release, and runs with its C library.
 * @throws {InfrastructureError} where the archive has none
 */
export async function prepareArchiveProgram(wanted: WantedProgram, signal: AbortSignal): Promise<ArchiveProgram> {
  const root = findCacheRoot();
  const report = printProgress(process.stderr);
  const findChosen = async (): Promise<Entry<Unpacked> | null> => {
    const choice = await readChoice<{ readonly key: string }>(root, wanted.kind);
    return choice === null ? null : readEntry<Unpacked>(root, wanted.kind, choice.key);
  };
  const lock = { root, report, signal, name: wanted.kind, purpose: `fetching ${wanted.what}` };
  const { folder, manifest } =
    (await findChosen()) ??
    (await withLock(lock, async () => {
      const meanwhile = await findChosen();
      return meanwhile ?? withArchive(lock, (archive) => fetch(archive, wanted, root, signal));
    }));
  return {
    folder,
    program: join(folder, "tree", manifest.program),
    libraryPath: manifest.libraries.map((path) => join(folder, "tree", path)).join(":"),
  };
}

async function fetch(
  archive: Archive,
  { kind, what, packages, find, complete }: WantedProgram,
  root: string,
  signal: AbortSignal,
): Promise<Entry<Unpacked>> {
  const unavailable = (why: string): InfrastructureError =>
    new InfrastructureError({
      what: `Cannot fetch ${what}: ${why}`,
      remedy: "Look at the network and at apt's sources",
    });
  const suite = archive.codename ?? "stable";
  if (!(await archive.ask(suite))) throw unavailable(`${suite} cannot be reached`);
  const had = await archive.find(...packages);
  const chosen = packages.flatMap((name) => had.find((each) => each.name === name) ?? [])[0];
  if (chosen === undefined) throw unavailable(`${suite} has no ${packages.join(" and no ")}`);
  const key = `${chosen.name}-${chosen.version}`.replace(/[^\w.-]/gu, "-");
  const entry = await publishEntry(root, kind, key, async (folder): Promise<Unpacked> => {
    const debs = join(folder, "debs");
    await mkdir(debs);
    const closure = await archive.downloadClosure([chosen], debs);
    // The machine's loader goes with the machine's C library.
    const own = closure.filter((path) => !/^(?:libc6|libc-bin)_/u.test(basename(path)));
    const tree = await unpackPackages(own, join(folder, "tree"), signal);
    const program = await find(tree, chosen.name);
    if (program === null) throw unavailable(`${chosen.name} ${chosen.version} has no program`);
    return { program, libraries: await findLibraryFolders(tree) };
  });
  await complete?.(entry.folder);
  await writeChoice(root, kind, { key });
  return entry;
}
