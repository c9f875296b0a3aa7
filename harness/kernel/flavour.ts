/** Flavours: the lean kernel with something on top, such as a sanitizer; one fragment each, asked for as `lean/kasan`. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { projectRoot } from "../assets/project-root.ts";
import { UsageError } from "../errors/harness-error.ts";

const prefix = "lean/";
const extension = ".config";
const fragments = join(projectRoot, "guests/kernel");

/** Path of the lean kernel's configuration fragment. */
export const leanFragment: string = join(fragments, `lean${extension}`);

/** The flavour that a name asks for, or null where it is no such name but a path, which is written `./lean/…`. */
export function parseFlavourName(kernel: string): string | null {
  const flavour = kernel.startsWith(prefix) ? kernel.slice(prefix.length) : "";
  return /^[a-z][a-z0-9-]*$/.test(flavour) ? flavour : null;
}

/** The name that asks for a flavour. */
export const spellFlavourName = (flavour: string): string => `${prefix}${flavour}`;

/** Flavours there are, by name. */
export async function listFlavours(): Promise<readonly string[]> {
  const names = (await readdir(fragments)).filter((name) => name.endsWith(extension));
  return names
    .map((name) => name.slice(0, -extension.length))
    .filter((name) => name !== "lean")
    .sort();
}

/** Paths of the patches that every kernel built here carries, whatever its flavour; each says at its top why. */
export async function listStandingPatches(): Promise<readonly string[]> {
  const names = await readdir(fragments);
  return names
    .filter((name) => name.endsWith(".patch"))
    .sort()
    .map((name) => join(fragments, name));
}

/**
 * Paths of the fragments a kernel is configured by: the lean one, and on top of it the flavour's, which wins.
 * @throws {UsageError} where there is no such flavour
 */
export async function fragmentsOf(flavour: string | null): Promise<readonly [string, ...string[]]> {
  if (flavour === null) return [leanFragment];
  const there = await listFlavours();
  if (there.includes(flavour)) return [leanFragment, join(fragments, `${flavour}${extension}`)];
  throw new UsageError({
    what: `Cannot build the kernel "${spellFlavourName(flavour)}": there is no such flavour`,
    remedy: `Ask for ${there.map(spellFlavourName).join(", ")}, or add a fragment to guests/kernel`,
  });
}
