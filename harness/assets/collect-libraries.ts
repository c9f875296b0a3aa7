/** The shared libraries that programs of a tree need: so many of its files as they need, and no more. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { InfrastructureError } from "../errors/harness-error.ts";
import { runTool } from "./run-tool.ts";
import { findLibraryFolders } from "./unpack-packages.ts";

const readLimit = 60_000;

/** What collecting takes. */
export interface LibrarySearch {
  /** Folder that packages were unpacked into. */
  readonly tree: string;
  /** Paths of the programs below it. */
  readonly programs: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * Paths below the tree of all libraries that programs and their libraries name, by the name they are looked for under.
 * @throws {InfrastructureError} where the tree lacks one
 */
export async function collectLibraries({
  tree,
  programs,
  signal,
}: LibrarySearch): Promise<ReadonlyMap<string, string>> {
  const folders = await findLibraryFolders(tree);
  const found = new Map<string, string>();
  let next = programs;
  while (next.length > 0) {
    const needed = await readNeeded(
      next.map((path) => join(tree, path)),
      signal,
    );
    const unknown = needed.filter((name) => !found.has(name));
    for (const name of unknown) found.set(name, await findIn(tree, folders, name));
    next = unknown.map((name) => found.get(name) ?? name);
  }
  return found;
}

/** Names of the libraries in what `readelf -d` prints. */
export function parseNeeded(text: string): readonly string[] {
  const names = [...text.matchAll(/\(NEEDED\)\s+Shared library: \[([^\]/]+)\]/gu)].map(([, name = ""]) => name);
  return [...new Set(names)];
}

async function readNeeded(paths: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
  const purpose = "see which libraries a program needs";
  const tool = {
    command: "readelf",
    arguments: ["--dynamic", "--wide", ...paths],
    purpose,
    signal,
    limit: readLimit,
  };
  return parseNeeded(await runTool({ ...tool, remedy: "Install binutils" }));
}

async function findIn(tree: string, folders: readonly string[], name: string): Promise<string> {
  for (const folder of folders) {
    const path = join(folder, name);
    const file = await stat(join(tree, path)).catch(() => null);
    if (file?.isFile() === true) return path;
  }
  throw new InfrastructureError({
    what: `Cannot find the library "${name}" among the packages unpacked in "${tree}"`,
  });
}
