/** The kernel's source as the archive has it, unpacked in the cache and kept for incremental builds. */
import { readdir, rename, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Archive, Package } from "../assets/archive.ts";
import { createCacheFolder } from "../assets/cache.ts";
import { compareVersions } from "../assets/debian-version.ts";
import type { Preparation } from "../assets/preparation.ts";
import { runTool } from "../assets/run-tool.ts";
import { unpackPackages } from "../assets/unpack-packages.ts";
import { InfrastructureError } from "../errors/harness-error.ts";

/** An unpacked source and the folders it is built in, all below one folder of the cache. */
export interface KernelTree {
  /** Version of the source package, such as `7.2.13-1`. */
  readonly version: string;
  readonly source: string;
  /** Where the unpatched kernel is built, kept for the next build; see {@link outputOf} for its flavours. */
  readonly output: string;
  /** Where a patched kernel is built, out of a copy of `output`. */
  readonly patchedOutput: string;
  /** Where originals are while the source is patched. */
  readonly saved: string;
}

/** What the names of packages with a kernel's source begin with. */
export const sourcePrefix = "linux-source-";
const unpackLimit = 20 * 60 * 1000;
/** Bytes that a source and two builds of it take. */
const neededRoom = 3e9;

/** Where the source of a version lies, unpacked or not. */
export function locateKernelTree(root: string, version: string): KernelTree {
  // Versions may hold a colon, which make cannot have in a path, and a tilde.
  const folder = join(root, "linux", version.replace(/[^\w.+-]/g, "_"));
  const below = (name: string): string => join(folder, name);
  return {
    version,
    source: below("source"),
    output: below("output"),
    patchedOutput: below("patched-output"),
    saved: below("saved"),
  };
}

/** Where the unpatched kernel of a flavour is built, kept for the next build. */
export function outputOf(tree: KernelTree, flavour: string | null): string {
  return flavour === null ? tree.output : `${tree.output}-${flavour}`;
}

/** Whether the source is there, unpacked. */
export async function isUnpacked(tree: KernelTree): Promise<boolean> {
  return stat(join(tree.source, "Kbuild")).then(
    () => true,
    () => false,
  );
}

/** The newest kernel source that a suite has, or null. Variants such as `-rt` are not it. */
export async function findKernelSource(archive: Archive, suite: string): Promise<Package | null> {
  return chooseKernelSource(await archive.find(...(await archive.listNames(sourcePrefix))), suite);
}

/** The newest of the packages named for a version that a suite has. */
export function chooseKernelSource(packages: readonly Package[], suite: string): Package | null {
  const found = packages.filter(({ name, suite: from }) => from === suite && /^linux-source-\d+\.\d+$/.test(name));
  return found.sort((a, b) => compareVersions(b.version, a.version))[0] ?? null;
}

/**
 * Fetches a source and unpacks it, unless it is there. The caller holds the lock of the kernel.
 * @throws {InfrastructureError} where it cannot be fetched, is not what was expected, or the disk is full
 */
export async function fetchKernelSource(
  preparation: Preparation,
  archive: Archive,
  wanted: Package,
): Promise<KernelTree> {
  const { root, report, signal } = preparation;
  const tree = locateKernelTree(root, wanted.version);
  if (await isUnpacked(tree)) return tree;
  const folder = await createCacheFolder(join(tree.source, ".."));
  await checkRoom(folder);
  const unfinished = join(folder, "unpacking");
  await rm(unfinished, { recursive: true, force: true });
  await createCacheFolder(unfinished);
  try {
    report({ kind: "step", text: `Fetching the kernel source ${wanted.version} from ${wanted.suite} (some 160 MB)` });
    const deb = await archive.download(wanted, unfinished);
    report({ kind: "step", text: `Unpacking the kernel source ${wanted.version}` });
    const packed = join(await unpackPackages([deb], join(unfinished, "package"), signal), "usr/src");
    const archives = (await readdir(packed)).filter(
      (name) => name.startsWith(sourcePrefix) && /\.tar\.\w+$/.test(name),
    );
    const [name] = archives;
    if (name === undefined) {
      throw new InfrastructureError({ what: `Cannot unpack "${wanted.name}": it holds no archive of the source` });
    }
    const source = await createCacheFolder(unfinished, "source");
    await runTool({
      command: "tar",
      arguments: [
        "--extract",
        "--auto-compress",
        `--file=${join(packed, name)}`,
        "--strip-components=1",
        `--directory=${source}`,
      ],
      purpose: `unpack "${name}"`,
      environment: { XZ_OPT: "-T0" },
      signal,
      limit: unpackLimit,
    });
    await rename(source, tree.source);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return tree;
}

/**
 * Makes sure that a folder has room for a source and two builds of it.
 * @throws {InfrastructureError} where it has not
 */
export async function checkRoom(folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= neededRoom) return;
  throw new InfrastructureError({
    what: `Cannot unpack the kernel source in "${folder}": ${((bavail * bsize) / 1e9).toFixed(1)} GB are free and ${neededRoom / 1e9} GB needed`,
    remedy: "Make room, or point ZHIL_CACHE to a larger disk",
  });
}
