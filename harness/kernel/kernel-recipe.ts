/** What decides how a kernel comes out: two builds with the same recipe are the same build. */
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Kernel } from "../assets/assets.ts";
import { readEntry, type Entry } from "../assets/cache.ts";
import { digestBytes, makeKey } from "../assets/digest.ts";
import { projectRoot } from "../assets/project-root.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { builtFiles, type BuiltKernel, type Compiler } from "./build-kernel.ts";
import { findCompiler } from "./compiler.ts";

/** Path of the lean kernel's configuration fragment. */
export const leanFragment: string = join(projectRoot, "guests/kernel/lean.config");

/** Under this name the cache keeps which source the kernel is built from. */
export const sourceChoice = "kernel-source";

/** Which source was taken. */
export interface SourceChoice {
  /** Version of the source package. */
  readonly version: string;
  readonly suite: string;
}

/** All but the source. */
export interface KernelRecipe {
  readonly compiler: Compiler;
  readonly fragmentDigest: string;
  readonly patches: readonly { readonly path: string; readonly digest: string }[];
}

/** Reads what a build would be made by. */
export async function readRecipe(patches: readonly string[], signal: AbortSignal): Promise<KernelRecipe> {
  const digests = patches.map(async (path) => ({ path, digest: await digestText(path) }));
  return {
    compiler: await findCompiler(signal),
    fragmentDigest: await digestText(leanFragment),
    patches: await Promise.all(digests),
  };
}

/** Key in the cache of the kernel that a recipe makes of a source. */
export function keyOf(recipe: KernelRecipe, sourceVersion: string): string {
  return makeKey({
    source: sourceVersion,
    fragment: recipe.fragmentDigest,
    compiler: recipe.compiler.version,
    ...Object.fromEntries(recipe.patches.map(({ digest }, index) => [`patch ${index}`, digest])),
  });
}

/** The kernel that a recipe makes of a source, where it was built before. */
export async function findBuilt(root: string, recipe: KernelRecipe, sourceVersion: string): Promise<Kernel | null> {
  const entry = await readEntry<BuiltKernel>(root, "kernel", keyOf(recipe, sourceVersion));
  return entry === null ? null : describeBuilt(entry, recipe);
}

/** A built kernel as its users see it. */
export function describeBuilt({ folder, manifest }: Entry<BuiltKernel>, recipe: KernelRecipe): Kernel {
  return {
    image: join(folder, builtFiles.image),
    vmlinux: join(folder, builtFiles.vmlinux),
    version: manifest.version,
    digest: manifest.digest,
    options: manifest.options,
    patches: recipe.patches.map(({ path }) => basename(path)),
    origin: "archive",
  };
}

async function digestText(path: string): Promise<string> {
  return digestBytes(
    await readFile(path).catch((cause: unknown) => {
      throw new InfrastructureError({ what: `Cannot read "${path}"`, cause });
    }),
  );
}
