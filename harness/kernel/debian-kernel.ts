/** A kernel as Debian's archive has it, ready made, with the modules that scenarios need. */
import { copyFile, readdir, readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { withArchive } from "../assets/archive.ts";
import type { Kernel } from "../assets/assets.ts";
import {
  createCacheFolder,
  findCacheRoot,
  publishEntry,
  readChoice,
  readEntry,
  writeChoice,
  type Entry,
} from "../assets/cache.ts";
import { digestFile, makeKey } from "../assets/digest.ts";
import { withLock } from "../assets/file-lock.ts";
import type { Preparation } from "../assets/preparation.ts";
import { unpackPackages } from "../assets/unpack-packages.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { listOptions, parseConfiguration } from "./configuration.ts";
import { spellDebianName } from "./debian-name.ts";
import { findDebianKernel, listArchivedVersions, type DebianKernelPackages } from "./debian-packages.ts";
import { neededModules, packModules } from "./pack-modules.ts";

/** What the cache keeps of a kernel; the image, the configuration and the modules' archive lie beside it. */
interface UnpackedKernel {
  readonly release: string;
  /** Version of the packages. */
  readonly version: string;
  readonly digest: string;
  readonly options: readonly string[];
  /** Digest of the modules' archive, null where there is none. */
  readonly modules: string | null;
}

/** Drivers whose modules are not brought along: where they are modules the kernel has them as good as not. */
const unpackedDrivers: readonly string[] = ["BLK_DEV_NVME"];

const kind = "debian-kernel";
const files = { image: "bzImage", configuration: "config", modules: "modules.gz" } as const;

/**
 * The kernel of a version, such as `6.12`: the one that was found first stays until the archive is asked again.
 * @throws {UsageError} where the archive has none of that version; {InfrastructureError} where it cannot be had
 */
export async function prepareDebianKernel(preparation: Preparation, version: string): Promise<Kernel> {
  const known = preparation.update ? null : await readDebianKernel(preparation.root, version);
  if (known !== null) return known;
  return withLock({ ...preparation, name: kind, purpose: "fetching a kernel of Debian's" }, async () => {
    const meanwhile = preparation.update ? null : await readDebianKernel(preparation.root, version);
    return meanwhile ?? fetchKernel(preparation, version);
  });
}

/** The kernel of a version that is at hand without fetching one, or null. */
export async function readDebianKernel(root: string, version: string): Promise<Kernel | null> {
  const choice = await readChoice<{ readonly key: string }>(root, choiceOf(version));
  const entry = choice === null ? null : await readEntry<UnpackedKernel>(root, kind, choice.key);
  return entry === null ? null : describeKernel(entry);
}

/**
 * Versions of Debian's kernels that can be had: those of the archive, and those that the cache has of earlier ones.
 * @throws {InfrastructureError} where there is no archive to be asked
 */
export async function listDebianVersions({
  report,
  signal,
}: Pick<Preparation, "report" | "signal">): Promise<readonly string[]> {
  const root = resolve(findCacheRoot());
  await createCacheFolder(root);
  const keys = await readdir(join(root, kind)).catch((): string[] => []);
  const cached = await Promise.all(keys.map((key) => readEntry<UnpackedKernel>(root, kind, key)));
  const archived = await withArchive({ root, report, signal }, listArchivedVersions);
  return [...new Set([...archived, ...cached.flatMap((entry) => entry?.manifest.version ?? [])])];
}

function fetchKernel(preparation: Preparation, wanted: string): Promise<Kernel> {
  const { root, report, signal } = preparation;
  return withArchive(preparation, async (archive) => {
    report({ kind: "step", text: `Looking for the kernel ${spellDebianName(wanted)} in the archive` });
    const found = await findDebianKernel(archive, wanted);
    const { release, version, suite, packages } = found;
    const key = makeKey({ release, version, modules: neededModules.join(" "), without: unpackedDrivers.join(" ") });
    const entry =
      (await readEntry<UnpackedKernel>(root, kind, key)) ??
      (await publishEntry(root, kind, key, async (folder) => {
        report({ kind: "step", text: `Fetching Debian's kernel ${version} from ${suite} (some 60 MB)` });
        const debs = await createCacheFolder(folder, "debs");
        const paths: string[] = [];
        for (const each of packages) paths.push(await archive.download(each, debs));
        const tree = await unpackPackages(paths, join(folder, "tree"), signal);
        const kernel = await takeKernel(found, tree, folder, signal);
        for (const name of [tree, debs]) await rm(name, { recursive: true });
        return kernel;
      }));
    // By its whole version too: what names it exactly must find the same one.
    for (const name of [wanted, version]) await writeChoice(root, choiceOf(name), { key, version, suite });
    return describeKernel(entry);
  });
}

/** Takes out of unpacked packages what is booted. */
async function takeKernel(
  { release, version }: DebianKernelPackages,
  tree: string,
  folder: string,
  signal: AbortSignal,
): Promise<UnpackedKernel> {
  const own = ["usr/lib/modules", "lib/modules"].map((path) => join(tree, path, release));
  const find = async (what: string, ...names: readonly string[]): Promise<string> => {
    for (const place of [...own, join(tree, "boot")]) {
      const found = (await readdir(place).catch((): string[] => [])).find((name) => names.includes(name));
      if (found !== undefined) return join(place, found);
    }
    throw new InfrastructureError({ what: `Cannot use Debian's kernel ${version}: its packages have no ${what}` });
  };
  await copyFile(await find("image", "vmlinuz", `vmlinuz-${release}`), join(folder, files.image));
  await copyFile(await find("configuration", "config", `config-${release}`), join(folder, files.configuration));
  const configuration = parseConfiguration(await readFile(join(folder, files.configuration), "utf8"));
  const modules = await packModules(await find("modules", "kernel"), join(folder, files.modules), signal);
  return {
    release,
    version,
    digest: await digestFile(join(folder, files.image)),
    options: listOptions(configuration).filter(
      (name) => !(unpackedDrivers.includes(name) && configuration.get(name) === "m"),
    ),
    modules: modules === null ? null : modules.digest,
  };
}

function describeKernel({ folder, manifest }: Entry<UnpackedKernel>): Kernel {
  const { release, version, digest, options, modules } = manifest;
  return {
    image: join(folder, files.image),
    vmlinux: null,
    version: release,
    digest,
    options,
    patches: [],
    origin: "archive",
    readyMade: {
      name: spellDebianName(version),
      modules: modules === null ? null : { path: join(folder, files.modules), digest: modules },
    },
  };
}

/** Its name tells from choices that were made before drivers left out were. */
const choiceOf = (version: string): string => `${kind}-options-${version}`;
