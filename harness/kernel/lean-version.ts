/** The lean kernel of a version that is not the newest: `lean/6.12`, built from the source that Debian has of it. */
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Kernel } from "../assets/assets.ts";
import {
  makeNotFoundError,
  suitesWithCandidates,
  withArchive,
  type Archive,
  type Package,
} from "../assets/archive.ts";
import { readChoice, writeChoice } from "../assets/cache.ts";
import { digestFile } from "../assets/digest.ts";
import { withLock } from "../assets/file-lock.ts";
import type { Preparation } from "../assets/preparation.ts";
import { projectRoot } from "../assets/project-root.ts";
import { findBuilt, readRecipe, type KernelRecipe, type SourceChoice } from "./kernel-recipe.ts";
import { chooseKernelSource, fetchKernelSource, sourcePrefix } from "./kernel-source.ts";
import { buildBase, kernelLock } from "./prepare-kernel.ts";

const prefix = "lean/";
const versionFragments = join(projectRoot, "guests/kernel/versions");

/** The version that a name asks for, such as `6.12`; null where it is no such name. */
export function parseLeanVersion(kernel: string): string | null {
  const version = kernel.startsWith(prefix) ? kernel.slice(prefix.length) : "";
  return /^\d+\.\d+$/.test(version) ? version : null;
}

/**
 * The lean kernel of a version: the source that was found first stays until the archive is asked again.
 * @throws {InfrastructureError} where no source of that version can be had, or it does not make a lean kernel
 */
export async function prepareLeanVersion(preparation: Preparation, version: string): Promise<Kernel> {
  const recipe = await readVersionRecipe(version, preparation.signal);
  const known = preparation.update ? null : await findChosen(preparation.root, recipe, version);
  if (known !== null) return known;
  return withLock(
    { ...preparation, name: kernelLock, purpose: `building the lean kernel ${version}` },
    async (lock) => {
      const meanwhile = preparation.update ? null : await findChosen(preparation.root, recipe, version);
      if (meanwhile !== null) return meanwhile;
      const { tree, suite } = await withArchive(preparation, async (archive) => {
        const wanted = await findSource(archive, version);
        return { tree: await fetchKernelSource(preparation, archive, wanted), suite: wanted.suite };
      });
      const kernel =
        (await findBuilt(preparation.root, recipe, tree.version)) ??
        (await buildBase(preparation, recipe, tree, lock));
      const choice: SourceChoice = { version: tree.version, suite };
      await writeChoice(preparation.root, choiceOf(version), choice);
      return kernel;
    },
  );
}

/** The lean kernel of a version that is at hand without building one, or null. */
export async function findLeanVersion(root: string, signal: AbortSignal, version: string): Promise<Kernel | null> {
  return findChosen(root, await readVersionRecipe(version, signal), version);
}

/** What the kernel of a version is made by: as the newest is, but for what `guests/kernel/versions` has of that version. */
async function readVersionRecipe(version: string, signal: AbortSignal): Promise<KernelRecipe> {
  const recipe = await readRecipe({ flavour: null, patches: [] }, signal);
  const own = join(versionFragments, `${version}.config`);
  const digest = await digestFile(own).catch(() => null);
  if (digest === null) return recipe;
  const without = parseWithout(await readFile(own, "utf8"));
  return {
    ...recipe,
    fragments: [...recipe.fragments, { path: own, digest }],
    standingPatches: recipe.standingPatches.filter(({ path }) => !without.includes(basename(path))),
  };
}

/** Standing patches that a version's fragment leaves out, by name: lines `# without patch: NAME` of what its source has no place for. */
export const parseWithout = (fragment: string): readonly string[] =>
  [...fragment.matchAll(/^# without patch: (\S+)$/gmu)].map(([, name]) => name ?? "");

async function findChosen(root: string, recipe: KernelRecipe, version: string): Promise<Kernel | null> {
  const choice = await readChoice<SourceChoice>(root, choiceOf(version));
  return choice === null ? null : findBuilt(root, recipe, choice.version);
}

async function findSource(archive: Archive, version: string): Promise<Package> {
  const reasons: string[] = [];
  for (const suite of suitesWithCandidates) {
    if (!(await archive.ask(suite))) {
      reasons.push(`${suite} cannot be reached`);
      continue;
    }
    const packages = await archive.find(`${sourcePrefix}${version}`);
    const wanted = chooseKernelSource(packages, suite);
    if (wanted !== null) return wanted;
    reasons.push(`${suite} has none`);
  }
  throw makeNotFoundError(`a source of Linux ${version}`, reasons);
}

const choiceOf = (version: string): string => `kernel-source-${version}`;
