/** A QEMU for s390x: the one the user names, the system's where it is new enough, else the archive's newest. */
import { access, constants } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { InfrastructureError, UsageError } from "../errors/harness-error.ts";
import { makeNotFoundError, suitesByAge, withArchive, type Package } from "./archive.ts";
import type { Origin, Qemu } from "./assets.ts";
import { createCacheFolder, publishEntry, readChoice, readEntry, writeChoice, type Entry } from "./cache.ts";
import { compareVersions, upstreamOf } from "./debian-version.ts";
import { digestFile, makeKey } from "./digest.ts";
import { withLock } from "./file-lock.ts";
import type { Preparation } from "./preparation.ts";
import { runTool } from "./run-tool.ts";
import { findLoader, findLibraryFolders, unpackPackages } from "./unpack-packages.ts";

/** The first release whose s390x machine has NVMe. */
export const oldestQemu = "10.0";
const program = "qemu-system-s390x";
const versionLimit = 30_000;

/** What the cache keeps of an unpacked QEMU: paths below its folder. */
interface UnpackedQemu {
  readonly version: string;
  readonly digest: string;
  readonly loader: string;
  readonly libraries: readonly string[];
  readonly modules: string;
}

/**
 * A QEMU that is new enough.
 * @throws {UsageError} where the one given is not; {InfrastructureError} where none can be had
 */
export async function prepareQemu(preparation: Preparation, given: string | undefined): Promise<Qemu> {
  const { root, update, signal } = preparation;
  return (await findQemu({ root, given, update, signal })) ?? fetchQemu(preparation);
}

/** What finding a QEMU takes. */
export interface QemuSearch {
  readonly root: string;
  readonly given: string | undefined;
  /** Leaves out the one that was fetched earlier. */
  readonly update: boolean;
  readonly signal: AbortSignal;
}

/**
 * The QEMU that is at hand without fetching one, or null.
 * @throws {UsageError} where the one given cannot be used
 */
export async function findQemu({ root, given, update, signal }: QemuSearch): Promise<Qemu | null> {
  if (given !== undefined) return examineGiven(resolve(given), signal);
  const system = await findSystemQemu(signal);
  if (system !== null || update) return system;
  const chosen = await readChosen(root);
  return chosen === null ? null : commandOf(chosen);
}

/** The system's QEMU, or null where there is none or it is too old. */
async function findSystemQemu(signal: AbortSignal): Promise<Qemu | null> {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, program);
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (!found) continue;
    const qemu = await examineProgram(path, "system", signal);
    return compareVersions(qemu.version, oldestQemu) < 0 ? null : qemu;
  }
  return null;
}

async function examineGiven(path: string, signal: AbortSignal): Promise<Qemu> {
  const qemu = await examineProgram(path, "given", signal).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw new UsageError({ what: `Cannot use the QEMU "${path}"`, remedy: `Give the path of a ${program}`, cause });
  });
  if (compareVersions(qemu.version, oldestQemu) >= 0) return qemu;
  throw new UsageError({
    what: `Cannot use the QEMU "${path}": it is ${qemu.version}, and no s390x QEMU before ${oldestQemu} has NVMe`,
    remedy: `Give one of ${oldestQemu} or later, or none to have it fetched`,
  });
}

async function examineProgram(path: string, origin: Origin, signal: AbortSignal): Promise<Qemu> {
  const command = { argv: [path] as const, environment: {} };
  return { ...command, version: await askVersion(command, signal), digest: await digestFile(path), origin };
}

async function askVersion(command: Pick<Qemu, "argv" | "environment">, signal: AbortSignal): Promise<string> {
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

function fetchQemu(preparation: Preparation): Promise<Qemu> {
  return withLock({ ...preparation, name: "qemu", purpose: "fetching QEMU" }, async () => {
    // Another process may have been faster.
    const meanwhile = preparation.update ? null : await readChosen(preparation.root);
    return commandOf(meanwhile ?? (await fetchNewest(preparation)));
  });
}

async function readChosen(root: string): Promise<Entry<UnpackedQemu> | null> {
  const choice = await readChoice<{ readonly key: string }>(root, "qemu");
  return choice === null ? null : readEntry<UnpackedQemu>(root, "qemu", choice.key);
}

function fetchNewest(preparation: Preparation): Promise<Entry<UnpackedQemu>> {
  const { root, report, signal } = preparation;
  return withArchive(preparation, async (archive) => {
    const reasons: string[] = [];
    for (const suite of suitesByAge) {
      if (!(await archive.ask(suite))) {
        reasons.push(`${suite} cannot be reached`);
        continue;
      }
      const wanted = newestIn(await archive.find(program), suite);
      if (wanted === null) {
        reasons.push(`${suite} has none`);
        continue;
      }
      if (compareVersions(upstreamOf(wanted.version), oldestQemu) < 0) {
        reasons.push(`${suite} has ${wanted.version}, before ${oldestQemu}`);
        continue;
      }
      const key = makeKey({ version: wanted.version, architecture: archive.architecture });
      try {
        const entry =
          (await readEntry<UnpackedQemu>(root, "qemu", key)) ??
          (await publishEntry(root, "qemu", key, async (folder) => {
            report({ kind: "step", text: `Fetching QEMU ${wanted.version} with its libraries from ${suite}` });
            const debs = await createCacheFolder(folder, "debs");
            const paths = await archive.downloadClosure(wanted, debs);
            return unpackQemu(folder, paths, signal);
          }));
        await writeChoice(root, "qemu", { key, version: wanted.version, suite });
        return entry;
      } catch (error) {
        signal.throwIfAborted();
        // Unstable may be in the middle of a transition in which it cannot be installed: an older suite will do.
        report({ kind: "note", text: `QEMU ${wanted.version} of ${suite} cannot be used; asking an older suite` });
        reasons.push(`${suite}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    throw makeNotFoundError(`a QEMU of ${oldestQemu} or later`, reasons);
  });
}

/** The newest that a suite has of the very package. */
function newestIn(packages: readonly Package[], suite: string): Package | null {
  const found = packages.filter((candidate) => candidate.name === program && candidate.suite === suite);
  return found.sort((a, b) => compareVersions(b.version, a.version))[0] ?? null;
}

async function unpackQemu(folder: string, debs: readonly string[], signal: AbortSignal): Promise<UnpackedQemu> {
  const tree = await unpackPackages(debs, join(folder, "tree"), signal);
  const libraries = await findLibraryFolders(tree);
  const unpacked = {
    digest: await digestFile(join(tree, "usr/bin", program)),
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
      ...["--library-path", libraries, join(tree, "usr/bin", program), "-L", join(tree, "usr/share/qemu")],
    ],
    // Another QEMU's modules, where one is installed, do not fit.
    environment: { QEMU_MODULE_DIR: join(tree, manifest.modules) },
    version: manifest.version,
    digest: manifest.digest,
    origin: "archive",
  };
}
