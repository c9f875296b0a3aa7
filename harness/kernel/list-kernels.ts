/** Kernels that the cache has: which, from where, and where they lie. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Kernel } from "../assets/assets.ts";
import { readEntry } from "../assets/cache.ts";
import { builtFiles } from "./build-kernel.ts";
import { readDebianKernel } from "./debian-kernel.ts";
import { spellDebianName } from "./debian-name.ts";
import { listFlavours, spellFlavourName } from "./flavour.ts";
import { findLeanVersion } from "./lean-version.ts";
import { findKernel } from "./prepare-kernel.ts";
import { treeKernelKind, type TreeKernelManifest } from "./tree-kernel.ts";

/** A kernel that can be run, or had. */
export interface ListedKernel {
  /** What `--kernel` takes; null where it is named by its image's path only. */
  readonly name: string | null;
  readonly version: string | null;
  /** Path of the image; null where it was not fetched or built yet. */
  readonly image: string | null;
  /** What it is or was built from, in words. */
  readonly about: string;
}

const choicePattern = /^(?<kind>kernel-source|debian-kernel-options)-(?<version>\d.*)\.json$/u;

/** Every kernel that has a name or was built from a commit or tarball. */
export async function listKernels(root: string, signal: AbortSignal): Promise<readonly ListedKernel[]> {
  const listed: ListedKernel[] = [describe("lean", await findQuietly(() => findKernel(root, signal)), "the default")];
  for (const flavour of await listFlavours()) {
    const kernel = await findQuietly(() => findKernel(root, signal, flavour));
    listed.push(describe(spellFlavourName(flavour), kernel, `the default with ${flavour}`));
  }
  const choices = (await readdir(join(root, "chosen")).catch((): string[] => [])).sort();
  for (const { kind, version = "" } of choices.map((name) => choicePattern.exec(name)?.groups ?? {})) {
    if (kind === "kernel-source") {
      const kernel = await findQuietly(() => findLeanVersion(root, signal, version));
      listed.push(describe(spellFlavourName(version), kernel, "lean, of this version"));
    } else if (kind !== undefined) {
      listed.push(describe(spellDebianName(version), await readDebianKernel(root, version), "as Debian has it"));
    }
  }
  return [...listed, ...(await listTreeKernels(root))];
}

async function listTreeKernels(root: string): Promise<readonly ListedKernel[]> {
  const keys = await readdir(join(root, treeKernelKind)).catch((): string[] => []);
  const found: (ListedKernel & { readonly built: string })[] = [];
  for (const key of keys) {
    const entry = await readEntry<TreeKernelManifest>(root, treeKernelKind, key);
    if (entry === null) continue;
    const { version, from, flavour, built } = entry.manifest;
    const about = `${from}${flavour === null ? "" : ` (${flavour})`}`;
    found.push({ name: null, version, image: join(entry.folder, builtFiles.image), about, built });
  }
  return found
    .sort((a, b) => (a.built < b.built ? -1 : 1))
    .map(({ built, ...kernel }) => ({
      ...kernel,
      about: `${kernel.about}, built ${built.slice(0, 16).replace("T", " ")}`,
    }));
}

/** To look for a kernel asks the compiler's version: where there is none, there is nothing that was built here. */
const findQuietly = (find: () => Promise<Kernel | null>): Promise<Kernel | null> => find().catch(() => null);

const describe = (name: string, kernel: Kernel | null, about: string): ListedKernel => ({
  name,
  version: kernel?.version ?? null,
  image: kernel?.image ?? null,
  about,
});
