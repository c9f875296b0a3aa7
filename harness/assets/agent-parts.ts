/** What the agent is built with beside the compiler: the kernel's user API headers and a JSON library for s390x. */
import { cp, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { InfrastructureError } from "../errors/harness-error.ts";
import { makeNotFoundError, suitesByAge, withArchive, type Archive, type Package } from "./archive.ts";
import { createCacheFolder, publishEntry, readChoice, readEntry, writeChoice, type Entry } from "./cache.ts";
import { compareVersions } from "./debian-version.ts";
import { makeKey } from "./digest.ts";
import type { Preparation } from "./preparation.ts";
import { unpackPackages } from "./unpack-packages.ts";

/** The parts, with paths below the entry's folder. */
export interface AgentParts {
  /** Folder for `-isystem`: `linux/`, `asm/`, `asm-generic/`. */
  readonly headers: string;
  readonly headersVersion: string;
  /** Folder that holds jansson.h. */
  readonly libraryHeaders: string;
  /** The static library. */
  readonly library: string;
  readonly libraryVersion: string;
}

const headersPackage = "linux-libc-dev";
const libraryPackage = "libjansson-dev";
const choiceName = "agent-parts";

/** The parts that were chosen earlier, or null. */
export async function readAgentParts(root: string): Promise<Entry<AgentParts> | null> {
  const choice = await readChoice<{ readonly key: string }>(root, choiceName);
  return choice === null ? null : readEntry<AgentParts>(root, choiceName, choice.key);
}

/**
 * Fetches the parts. The caller holds the lock of the agent.
 * @throws {InfrastructureError} where no suite has one of them
 */
export function fetchAgentParts(preparation: Preparation): Promise<Entry<AgentParts>> {
  const { root, report, signal } = preparation;
  return withArchive(preparation, async (archive) => {
    // The library refers to symbols of its release's C library, and the compiler brings this machine's.
    const own = archive.codename === null ? [] : [archive.codename];
    const library = await findIn(archive, [...own, ...[...suitesByAge].reverse()], libraryPackage, "s390x");
    // Headers know the newest interfaces and never lose old ones: one package serves all kernels.
    const headers = await findIn(archive, suitesByAge, headersPackage, archive.architecture);
    const key = makeKey({ library: library.version, headers: headers.version });
    const entry =
      (await readEntry<AgentParts>(root, choiceName, key)) ??
      (await publishEntry(root, choiceName, key, async (folder) => {
        report({
          kind: "step",
          text: `Fetching ${libraryPackage} ${library.version} and ${headersPackage} ${headers.version}`,
        });
        const tree = join(folder, "tree");
        const debs = await createCacheFolder(folder, "debs");
        await unpackPackages([await archive.download(library, debs)], tree, signal);
        const headersTree = await unpackPackages(
          [await archive.download(headers, debs)],
          join(folder, "unpacked"),
          signal,
        );
        await arrangeHeaders(headersTree, join(folder, "headers"));
        return {
          headers: "headers",
          headersVersion: headers.version,
          libraryHeaders: "tree/usr/include",
          library: "tree/usr/lib/s390x-linux-gnu/libjansson.a",
          libraryVersion: library.version,
        };
      }));
    await writeChoice(root, choiceName, { key });
    return entry;
  });
}

async function findIn(
  archive: Archive,
  suites: readonly string[],
  name: string,
  architecture: string,
): Promise<Package> {
  const reasons: string[] = [];
  for (const suite of suites) {
    if (!(await archive.ask(suite, architecture))) {
      reasons.push(`${suite} cannot be reached`);
      continue;
    }
    const found = (await archive.find(name)).filter(
      (one) => one.name === name && one.suite === suite && one.architecture === architecture,
    );
    const newest = found.sort((a, b) => compareVersions(b.version, a.version))[0];
    if (newest !== undefined) return newest;
    reasons.push(`${suite} has none`);
  }
  throw makeNotFoundError(`${name} for ${architecture}`, reasons);
}

/** Debian keeps the headers of an architecture in a folder of its own; the compiler is given one folder. */
async function arrangeHeaders(tree: string, target: string): Promise<void> {
  const include = join(tree, "usr/include");
  const own = (await readdir(include)).filter((name) => !name.includes("-linux-gnu"));
  for (const name of own) await cp(join(include, name), join(target, name), { recursive: true });
  const asm = join(include, "s390x-linux-gnu/asm");
  const found = await stat(asm).catch(() => null);
  if (found === null) {
    throw new InfrastructureError({ what: `Cannot use ${headersPackage}: it has no headers for s390x` });
  }
  await cp(asm, join(target, "asm"), { recursive: true, dereference: true });
}
