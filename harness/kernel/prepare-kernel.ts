/** The lean kernel: from the cache, else built from the newest source the archive has. */
import type { Kernel } from "../assets/assets.ts";
import { makeNotFoundError, suitesByAge, withArchive } from "../assets/archive.ts";
import { publishEntry, readChoice, writeChoice } from "../assets/cache.ts";
import { withLock } from "../assets/file-lock.ts";
import type { Preparation } from "../assets/preparation.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { buildKernel, KernelBuildError, withOutputKey, type BuiltKernel } from "./build-kernel.ts";
import { describeBuilt, findBuilt, keyOf, pathsOfPatches, readRecipe, sourceChoice } from "./kernel-recipe.ts";
import type { KernelRecipe, SourceChoice } from "./kernel-recipe.ts";
import {
  fetchKernelSource,
  findKernelSource,
  isUnpacked,
  locateKernelTree,
  outputOf,
  type KernelTree,
} from "./kernel-source.ts";
import { PatchError, withPatches } from "./patched-tree.ts";

/** Name of the lock on sources and build folders. */
export const kernelLock = "kernel";

/**
 * The lean kernel, or a flavour of it, which is built from the same source.
 * @throws {UsageError} where there is no such flavour; {InfrastructureError} where no source can be had, or none of them
 *   makes the kernel that is asked for
 */
export async function prepareKernel(preparation: Preparation, flavour: string | null = null): Promise<Kernel> {
  const recipe = await readRecipe({ flavour, patches: [] }, preparation.signal);
  if (flavour !== null) return prepareFlavour(preparation, recipe);
  const known = preparation.update ? null : await findChosen(preparation, recipe);
  if (known !== null) return known;
  return withLock({ ...preparation, name: kernelLock, purpose: "building the kernel" }, async (lock) => {
    const meanwhile = preparation.update ? null : await findChosen(preparation, recipe);
    if (meanwhile !== null) return meanwhile;
    const tree = preparation.update ? null : await findChosenTree(preparation);
    return tree === null ? buildNewest(preparation, recipe, lock) : buildBase(preparation, recipe, tree, lock);
  });
}

/** The lean kernel, or a flavour of it, that is at hand without building one, or null. */
export async function findKernel(
  root: string,
  signal: AbortSignal,
  flavour: string | null = null,
): Promise<Kernel | null> {
  return findChosen({ root }, await readRecipe({ flavour, patches: [] }, signal));
}

async function prepareFlavour(preparation: Preparation, recipe: KernelRecipe): Promise<Kernel> {
  const known = await findChosen(preparation, recipe);
  if (known !== null) return known;
  // Where the cache is new, this settles which source is taken, and fetches it.
  await prepareKernel(preparation);
  return withLock({ ...preparation, name: kernelLock, purpose: "building a flavour of the kernel" }, async (lock) => {
    const tree = await takeChosenTree(preparation);
    return (await findBuilt(preparation.root, recipe, tree.version)) ?? buildBase(preparation, recipe, tree, lock);
  });
}

/** The tree of the source that was chosen, where it is still there. */
async function findChosenTree({ root }: Preparation): Promise<KernelTree | null> {
  const choice = await readChoice<SourceChoice>(root, sourceChoice);
  if (choice === null) return null;
  const tree = locateKernelTree(root, choice.version);
  return (await isUnpacked(tree)) ? tree : null;
}

/**
 * The tree of the source that was chosen.
 * @throws {InfrastructureError} where it is not there any more
 */
export async function takeChosenTree(preparation: Preparation): Promise<KernelTree> {
  const tree = await findChosenTree(preparation);
  if (tree !== null) return tree;
  throw new InfrastructureError({
    what: `Cannot build a kernel: the cache "${preparation.root}" has no kernel source any more`,
    remedy: "Run ci/setup --update",
  });
}

/** What is built, as people read it: `the lean kernel 7.2.13-1`, `the lean kernel 7.2.13-1 (kasan)`. */
export function titleOf({ flavour }: KernelRecipe, { version }: KernelTree): string {
  return `the lean kernel ${version}${flavour === null ? "" : ` (${flavour})`}`;
}

/** Builds the kernel of a source with nothing but the standing patches, and publishes it. The caller holds the lock. */
export async function buildBase(
  preparation: Preparation,
  recipe: KernelRecipe,
  tree: KernelTree,
  lock: number,
): Promise<Kernel> {
  const unpatched = { ...recipe, patches: [] };
  const key = keyOf(unpatched, tree.version);
  const output = outputOf(tree, recipe.flavour);
  const entry = await withOutputKey(output, key, () =>
    publishEntry<BuiltKernel>(preparation.root, "kernel", key, (folder) =>
      withPatches(tree, pathsOfPatches(unpatched), preparation.signal, () =>
        buildKernel(
          {
            preparation,
            lock,
            source: tree.source,
            output,
            fragments: recipe.fragments.map(({ path }) => path),
            compiler: recipe.compiler,
            title: titleOf(recipe, tree),
            kind: recipe.flavour ?? "base",
          },
          folder,
        ),
      ),
    ),
  );
  return describeBuilt(entry, unpatched);
}

async function findChosen({ root }: Pick<Preparation, "root">, recipe: KernelRecipe): Promise<Kernel | null> {
  const choice = await readChoice<SourceChoice>(root, sourceChoice);
  return choice === null ? null : findBuilt(root, recipe, choice.version);
}

/** The newest source is tried first; one that no longer makes the kernel asked for gives way to an older one, aloud. */
async function buildNewest(preparation: Preparation, recipe: KernelRecipe, lock: number): Promise<Kernel> {
  const { root, report } = preparation;
  const reasons: string[] = [];
  const tried = new Set<string>();
  let failure: KernelBuildError | PatchError | null = null;
  for (const suite of suitesByAge) {
    const tree = await fetchFromSuite(preparation, suite, reasons);
    if (tree === null || tried.has(tree.version)) continue;
    tried.add(tree.version);
    try {
      const kernel =
        (await findBuilt(root, recipe, tree.version)) ?? (await buildBase(preparation, recipe, tree, lock));
      const choice: SourceChoice = { version: tree.version, suite };
      await writeChoice(root, sourceChoice, choice);
      return kernel;
    } catch (error) {
      if (!(error instanceof KernelBuildError || error instanceof PatchError)) throw error;
      report({ kind: "note", text: `${error.message}\nAsking an older suite for its kernel source` });
      failure ??= error;
    }
  }
  throw failure ?? makeNotFoundError("a kernel source", reasons);
}

function fetchFromSuite(preparation: Preparation, suite: string, reasons: string[]): Promise<KernelTree | null> {
  return withArchive(preparation, async (archive) => {
    if (!(await archive.ask(suite))) {
      reasons.push(`${suite} cannot be reached`);
      return null;
    }
    const wanted = await findKernelSource(archive, suite);
    if (wanted === null) {
      reasons.push(`${suite} has none`);
      return null;
    }
    try {
      return await fetchKernelSource(preparation, archive, wanted);
    } catch (error) {
      preparation.signal.throwIfAborted();
      reasons.push(`${suite}: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    }
  });
}
