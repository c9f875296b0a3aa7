import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Folder of the project: the first above this file that has a package.json, whether it runs from source or from dist. */
export const projectRoot: string = findRoot(dirname(fileURLToPath(import.meta.url)));

function findRoot(folder: string): string {
  if (existsSync(join(folder, "package.json")) || folder === dirname(folder)) return folder;
  return findRoot(dirname(folder));
}
