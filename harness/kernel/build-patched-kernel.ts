import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import type { Kernel } from "../assets/assets.ts";
import { findCacheRoot, publishEntry, readChoice } from "../assets/cache.ts";
import { withLock } from "../assets/file-lock.ts";
import type { Preparation } from "../assets/preparation.ts";
import type { ReportProgress } from "../assets/progress.ts";
import { runTool } from "../assets/run-tool.ts";
import { buildKernel, hasOutputKey, type BuiltKernel } from "./build-kernel.ts";
import { describeBuilt, findBuilt, keyOf, pathsOfPatches, readRecipe, sourceChoice } from "./kernel-recipe.ts";
import type { KernelRecipe, SourceChoice } from "./kernel-recipe.ts";
import { outputOf, type KernelTree } from "./kernel-source.ts";
import { restoreTree, withPatches } from "./patched-tree.ts";
import { buildBase, kernelLock, prepareKernel, takeChosenTree, titleOf } from "./prepare-kernel.ts";

/** A kernel to build from the source of the lean kernel, changed by patches. */
export interface PatchedKernelOptions {
  /** Paths of unified diffs (`-p1`), applied in order. */
  readonly patches: readonly string[];
  /** What is on top of the lean kernel beside them, such as `kasan`. */
  readonly flavour?: string;
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}

const copyLimit = 5 * 60 * 1000;

/**
 * The lean kernel with patches applied: built incrementally from the unpatched one, cached by content. The patched
 * source exists only during the build. One build at a time per machine; others wait.
 * @throws {InfrastructureError} where a patch does not apply (naming the hunk) or the build fails (naming the first error)
 */
export async function buildPatchedKernel(options: PatchedKernelOptions): Promise<Kernel> {
  const preparation: Preparation = { ...options, root: findCacheRoot(), update: false };
  const { root, signal } = preparation;
  const paths = options.patches.map((path) => resolve(path));
  const recipe = await readRecipe({ flavour: options.flavour ?? null, patches: paths }, signal);
  const choice = await readChoice<SourceChoice>(root, sourceChoice);
  const known = choice === null ? null : await findBuilt(root, recipe, choice.version);
  if (known !== null) return known;
  // Where the cache is new, this fetches the source.
  await prepareKernel(preparation);
  return withLock({ ...preparation, name: kernelLock, purpose: "building a patched kernel" }, async (lock) => {
    const tree = await takeChosenTree(preparation);
    return (await findBuilt(root, recipe, tree.version)) ?? buildPatched(preparation, recipe, tree, lock);
  });
}

/**
 * The build folder is a copy of the unpatched kernel's, so that nothing of one patch is left for the next and the
 * order they are built in does not matter. The source is the same one: make compares paths and times.
 */
async function buildPatched(
  preparation: Preparation,
  recipe: KernelRecipe,
  tree: KernelTree,
  lock: number,
): Promise<Kernel> {
  const { root, signal } = preparation;
  const output = outputOf(tree, recipe.flavour);
  await restoreTree(tree);
  if (!(await hasOutputKey(output, keyOf({ ...recipe, patches: [] }, tree.version)))) {
    await buildBase(preparation, recipe, tree, lock);
  }
  try {
    await rm(tree.patchedOutput, { recursive: true, force: true });
    await runTool({
      command: "cp",
      arguments: ["--archive", "--reflink=auto", output, tree.patchedOutput],
      purpose: "copy the unpatched kernel's build folder",
      signal,
      limit: copyLimit,
    });
    const built = describeBuilt(
      await publishEntry<BuiltKernel>(root, "kernel", keyOf(recipe, tree.version), (folder) =>
        withPatches(tree, pathsOfPatches(recipe), signal, () =>
          buildKernel(
            {
              preparation,
              lock,
              source: tree.source,
              output: tree.patchedOutput,
              fragments: recipe.fragments.map(({ path }) => path),
              compiler: recipe.compiler,
              title: `${titleOf(recipe, tree)} with ${listNames(recipe.patches.map(({ path }) => path))}`,
              kind: "patched",
            },
            folder,
          ),
        ),
      ),
      recipe,
    );
    return built;
  } finally {
    await rm(tree.patchedOutput, { recursive: true, force: true });
  }
}

function listNames(patches: readonly string[]): string {
  return patches.map((path) => path.slice(path.lastIndexOf("/") + 1)).join(", ");
}
