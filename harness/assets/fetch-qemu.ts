/** A QEMU for s390x out of the archive: fetched with its libraries, unpacked into the cache, and run from there. */
import { join, resolve } from "node:path";
import { InfrastructureError } from "../errors/harness-error.ts";
import { makeNotFoundError, suitesByAge, withArchive, type Archive, type Package } from "./archive.ts";
import type { Qemu } from "./assets.ts";
import { createCacheFolder, publishEntry, readChoice, readEntry, writeChoice, type Entry } from "./cache.ts";
import { isVersion } from "../kernel/debian-name.ts";
import { compareVersions, upstreamOf } from "./debian-version.ts";
import { digestFile, makeKey } from "./digest.ts";
import { withLock } from "./file-lock.ts";
import type { Preparation } from "./preparation.ts";
import { runTool } from "./run-tool.ts";
import { findLoader, findLibraryFolders, unpackPackages } from "./unpack-packages.ts";

/** QEMU's program for s390x. */
export const qemuProgram = "qemu-system-s390x";
/** The first release whose s390x machine has NVMe: what is used where nobody asks for another. */
export const preferredQemu = "10.0";
/** Packages that have the program, the better first: up to Debian 12 it is among others. */
const packageNames = [qemuProgram, "qemu-system-misc"] as const;
const versionLimit = 30_000;

/** What the cache keeps of an unpacked QEMU: paths below its folder. */
interface UnpackedQemu {
  readonly version: string;
  readonly digest: string;
  readonly loader: string;
  readonly libraries: readonly string[];
  readonly modules: string;
}

/** The QEMU that was fetched earlier as the newest, or null. */
export function findFetched(root: string): Promise<Qemu | null> {
  return readChosen(root, "qemu");
}

/**
 * The archive's newest QEMU.
 * @throws {InfrastructureError} where none of `preferredQemu` or later can be had
 */
export function fetchQemu(preparation: Preparation): Promise<Qemu> {
  return withLock({ ...preparation, name: "qemu", purpose: "fetching QEMU" }, async () => {
    // Another process may have been faster.
    const meanwhile = preparation.update ? null : await findFetched(preparation.root);
    return meanwhile ?? (await fetchNewest(preparation));
  });
}

/**
 * The QEMU that a suite of the archive has, whatever its version: for trying what is different in an older one.
 * @param suite such as `oldstable` or `stable-backports`
 * @throws {InfrastructureError} where it cannot be had
 */
export function prepareQemuOf(preparation: Preparation, suite: string): Promise<Qemu> {
  const choice = `qemu-${suite}`;
  return withLock({ ...preparation, name: "qemu", purpose: `fetching QEMU of ${suite}` }, async () => {
    const chosen = preparation.update ? null : await readChosen(preparation.root, choice);
    return chosen ?? (await fetchFrom(preparation, suite, choice));
  });
}

const prefix = "debian/";

/** The version that a name asks for, such as `debian/10.0`; null where it is no such name but a path. */
export function parseQemuName(qemu: string): string | null {
  const version = qemu.startsWith(prefix) ? qemu.slice(prefix.length) : "";
  return /^\d+(?:\.\d+)*$/.test(version) ? version : null;
}

/** A QEMU as the user gives it, from a folder: a name stays as it is, a path is made absolute. */
export const locateQemu = (qemu: string, folder: string): string =>
  parseQemuName(qemu) === null ? resolve(folder, qemu) : qemu;

/**
 * The QEMU of a version that the archive has; the one that was found first stays until the archive is asked again.
 * @throws {InfrastructureError} where no suite has one
 */
export function prepareQemuVersion(preparation: Preparation, version: string): Promise<Qemu> {
  return withLock({ ...preparation, name: "qemu", purpose: `fetching QEMU ${version}` }, async () => {
    const chosen = preparation.update ? null : await findFetchedVersion(preparation.root, version);
    return chosen ?? (await fetchVersion(preparation, version));
  });
}

/** The QEMU of a version that was fetched earlier, or null. */
export const findFetchedVersion = (root: string, version: string): Promise<Qemu | null> =>
  readChosen(root, choiceOf(version));

const choiceOf = (version: string): string => `qemu-version-${version}`;

function fetchVersion(preparation: Preparation, version: string): Promise<Qemu> {
  return withArchive(preparation, async (archive) => {
    const reasons: string[] = [];
    for (const suite of suitesByAge) {
      if (!(await archive.ask(suite))) {
        reasons.push(`${suite} cannot be reached`);
        continue;
      }
      const found = newestIn(await archive.find(...packageNames), suite);
      if (found !== null && isVersion(upstreamOf(found.version), version)) {
        return obtain(preparation, archive, found, choiceOf(version));
      }
      reasons.push(`${suite} has ${found?.version ?? "none"}`);
    }
    throw makeNotFoundError(`QEMU ${version}`, reasons);
  });
}

async function fetchFrom(preparation: Preparation, suite: string, choice: string): Promise<Qemu> {
  return withArchive(preparation, async (archive) => {
    // Backports take from their release what they do not have themselves.
    for (const each of [suite, suite.replace(/-backports$/, "")]) {
      if (!(await archive.ask(each))) throw makeNotFoundError("QEMU", [`${each} cannot be reached`]);
    }
    const wanted = newestIn(await archive.find(...packageNames), suite);
    if (wanted === null) throw makeNotFoundError("QEMU", [`${suite} has none`]);
    return obtain(preparation, archive, wanted, choice);
  });
}

async function readChosen(root: string, choice: string): Promise<Qemu | null> {
  const chosen = await readChoice<{ readonly key: string }>(root, choice);
  const entry = chosen === null ? null : await readEntry<UnpackedQemu>(root, "qemu", chosen.key);
  return entry === null ? null : commandOf(entry);
}

function fetchNewest(preparation: Preparation): Promise<Qemu> {
  const { report, signal } = preparation;
  return withArchive(preparation, async (archive) => {
    const reasons: string[] = [];
    for (const suite of suitesByAge) {
      if (!(await archive.ask(suite))) {
        reasons.push(`${suite} cannot be reached`);
        continue;
      }
      const wanted = newestIn(await archive.find(...packageNames), suite);
      if (wanted === null) {
        reasons.push(`${suite} has none`);
        continue;
      }
      if (compareVersions(upstreamOf(wanted.version), preferredQemu) < 0) {
        reasons.push(`${suite} has ${wanted.version}, before ${preferredQemu}`);
        continue;
      }
      try {
        return await obtain(preparation, archive, wanted, "qemu");
      } catch (error) {
        signal.throwIfAborted();
        // Unstable may be in the middle of a transition in which it cannot be installed: an older suite will do.
        report({ kind: "note", text: `QEMU ${wanted.version} of ${suite} cannot be used; asking an older suite` });
        reasons.push(`${suite}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    throw makeNotFoundError(`a QEMU of ${preferredQemu} or later`, reasons);
  });
}

/** The newest that a suite has of the better of the packages. */
export function newestIn(packages: readonly Package[], suite: string): Package | null {
  for (const name of packageNames) {
    const found = packages.filter((candidate) => candidate.name === name && candidate.suite === suite);
    const newest = found.sort((a, b) => compareVersions(b.version, a.version))[0];
    if (newest !== undefined) return newest;
  }
  return null;
}

/** A package's QEMU, from the cache or the archive, kept as the one that was chosen. */
async function obtain(
  { root, report, signal }: Preparation,
  archive: Archive,
  wanted: Package,
  choice: string,
): Promise<Qemu> {
  const { version, suite } = wanted;
  const key = makeKey({ version, architecture: archive.architecture });
  const entry =
    (await readEntry<UnpackedQemu>(root, "qemu", key)) ??
    (await publishEntry(root, "qemu", key, async (folder) => {
      report({ kind: "step", text: `Fetching QEMU ${version} with its libraries from ${suite}` });
      const debs = await createCacheFolder(folder, "debs");
      const paths = await archive.downloadClosure([wanted], debs);
      return unpackQemu(folder, paths, signal);
    }));
  await writeChoice(root, choice, { key, version, suite });
  return commandOf(entry);
}

async function unpackQemu(folder: string, debs: readonly string[], signal: AbortSignal): Promise<UnpackedQemu> {
  const tree = await unpackPackages(debs, join(folder, "tree"), signal);
  const libraries = await findLibraryFolders(tree);
  const unpacked = {
    digest: await digestFile(join(tree, "usr/bin", qemuProgram)),
    loader: await findLoader(tree, libraries),
    libraries,
    modules: `${libraries.find((path) => /^usr\/lib\/[\w-]+-linux-gnu\w*$/.test(path)) ?? "usr/lib"}/qemu`,
  };
  // It must run here, or another suite's is taken.
  const command = commandOf({ folder, manifest: { ...unpacked, version: "" } });
  return { ...unpacked, version: await askVersion(command, signal) };
}

/** Starts it through its own loader: the machine's libraries may be older than those it was built with. */
function commandOf({ folder, manifest }: Entry<UnpackedQemu>): Qemu {
  const tree = join(folder, "tree");
  const libraries = manifest.libraries.map((path) => join(tree, path)).join(":");
  return {
    argv: [
      join(tree, manifest.loader),
      ...["--library-path", libraries, join(tree, "usr/bin", qemuProgram), "-L", join(tree, "usr/share/qemu")],
    ],
    // Another QEMU's modules, where one is installed, do not fit.
    environment: { QEMU_MODULE_DIR: join(tree, manifest.modules) },
    version: manifest.version,
    digest: manifest.digest,
    origin: "archive",
  };
}

/** The version of a QEMU, as it says itself. */
export async function askVersion(command: Pick<Qemu, "argv" | "environment">, signal: AbortSignal): Promise<string> {
  const [path, ...rest] = command.argv;
  const said = await runTool({
    command: path,
    arguments: [...rest, "--version"],
    purpose: `ask "${path}" for its version`,
    signal,
    limit: versionLimit,
    environment: command.environment,
  });
  return readVersion(said);
}

/**
 * The version out of `qemu-system-s390x --version`.
 * @throws {InfrastructureError} where it is something else that speaks
 */
export function readVersion(said: string): string {
  const version = /QEMU emulator version (\d+(?:\.\d+)+)/.exec(said)?.[1];
  if (version !== undefined) return version;
  throw new InfrastructureError({ what: `Cannot read QEMU's version out of "${said.slice(0, 100)}"` });
}
