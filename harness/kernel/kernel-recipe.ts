/** What decides how a kernel comes out: two builds with the same recipe are the same build. */
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Kernel } from "../assets/assets.ts";
import { readEntry, type Entry } from "../assets/cache.ts";
import { digestBytes, makeKey } from "../assets/digest.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { builtFiles, type BuiltKernel, type Compiler } from "./build-kernel.ts";
import { findCompiler } from "./compiler.ts";
import { coverageFolder } from "./covered-files.ts";
import { fragmentsOf, listStandingPatches } from "./flavour.ts";

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
  /** What is on top of the lean kernel, such as `kasan`; null where nothing is. */
  readonly flavour: string | null;
  /** What it is configured by; the first is the lean kernel's. */
  readonly fragments: readonly Ingredient[];
  /** Patches that every kernel built here carries. */
  readonly standingPatches: readonly Ingredient[];
  /** Patches of this one, applied after those. */
  readonly patches: readonly Ingredient[];
}

/** A file that has a part in how a kernel comes out. */
export interface Ingredient {
  readonly path: string;
  /** `sha256:…` of the file. */
  readonly digest: string;
}

/** What a kernel is asked to be. */
export interface KernelWish {
  readonly flavour: string | null;
  /** Paths of unified diffs (`-p1`), applied in order. */
  readonly patches: readonly string[];
}

/**
 * Reads what a build would be made by.
 * @throws {UsageError} where there is no such flavour; {InfrastructureError} where there is no compiler, or no such patch
 */
export async function readRecipe(wish: KernelWish, signal: AbortSignal): Promise<KernelRecipe> {
  return {
    compiler: await findCompiler(signal),
    flavour: wish.flavour,
    fragments: await readIngredients(await fragmentsOf(wish.flavour)),
    standingPatches: await readIngredients(await listStandingPatches()),
    patches: await readIngredients(wish.patches),
  };
}

/** Key in the cache of the kernel that a recipe makes of a source. */
export function keyOf(recipe: KernelRecipe, sourceVersion: string): string {
  return makeKey({
    source: sourceVersion,
    compiler: recipe.compiler.version,
    ...Object.fromEntries(recipe.fragments.map(({ digest }, index) => [nameFragment(index), digest])),
    ...Object.fromEntries(recipe.standingPatches.map(({ digest }, index) => [`standing patch ${index}`, digest])),
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
    patches: pathsOfPatches(recipe).map((path) => basename(path)),
    ...(recipe.flavour === null ? {} : { flavour: recipe.flavour }),
    ...(manifest.covered === undefined
      ? {}
      : { coverage: { ...manifest.covered, folder: join(folder, coverageFolder) } }),
    origin: "archive",
  };
}

/** Paths of all patches of a recipe, in the order they are applied. */
export function pathsOfPatches({ standingPatches, patches }: KernelRecipe): readonly string[] {
  return [...standingPatches, ...patches].map(({ path }) => path);
}

/** A kernel of no flavour keeps the key that it had before there were any. */
const nameFragment = (index: number): string => (index === 0 ? "fragment" : `fragment ${index}`);

function readIngredients(paths: readonly string[]): Promise<readonly Ingredient[]> {
  return Promise.all(paths.map(async (path) => ({ path, digest: await digestText(path) })));
}

async function digestText(path: string): Promise<string> {
  return digestBytes(
    await readFile(path).catch((cause: unknown) => {
      throw new InfrastructureError({ what: `Cannot read "${path}"`, cause });
    }),
  );
}
