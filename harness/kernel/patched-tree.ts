/** A source tree that is patched for a while: whatever happens, the next user finds it as it was. */
import { copyFile, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, normalize } from "node:path";
import { tryTool } from "../assets/run-tool.ts";
import { HarnessError, InfrastructureError } from "../errors/harness-error.ts";

/** A patch that does not fit the source. */
export class PatchError extends HarnessError {
  override readonly name = "PatchError";
}

/** The tree, and where its originals are kept while it is patched; both on one file system. */
export interface PatchableTree {
  readonly source: string;
  readonly saved: string;
}

/** A file that a patch touches. */
interface TouchedFile {
  readonly path: string;
  readonly existed: boolean;
}

const patchLimit = 60_000;

/**
 * Runs `action` with patches applied, and puts the originals back, with the times they had. The caller holds the lock
 * of the tree. Originals are moved aside before anything changes, so that {@link restoreTree} can undo the work of a
 * process that was killed at any point.
 * @throws {PatchError} where a patch does not apply; {InfrastructureError} where it cannot be read
 */
export async function withPatches<T>(
  tree: PatchableTree,
  patches: readonly string[],
  signal: AbortSignal,
  action: () => Promise<T>,
): Promise<T> {
  await restoreTree(tree);
  try {
    await saveOriginals(tree, await listTouchedFiles(patches));
    for (const patch of patches) await applyPatch(tree, patch, signal);
    return await action();
  } finally {
    await restoreTree(tree);
  }
}

/** Puts back whatever originals are aside. Call it before using a tree: the last user may have been killed. */
export async function restoreTree(tree: PatchableTree): Promise<void> {
  const text = await readFile(join(tree.saved, "files.json"), "utf8").catch(() => null);
  if (text !== null) {
    for (const { path, existed } of JSON.parse(text) as readonly TouchedFile[]) {
      const original = join(tree.saved, "originals", path);
      if (!existed) await rm(join(tree.source, path), { force: true });
      // Where it was not moved aside yet, or is back already, it stands in the tree.
      else if (await exists(original)) await rename(original, join(tree.source, path));
    }
  }
  await rm(tree.saved, { recursive: true, force: true });
}

/**
 * Paths of the files that a unified diff (`-p1`) touches.
 * @throws {InfrastructureError} where it names none, or one outside the tree
 */
export function parseTouchedPaths(diff: string, name: string): readonly string[] {
  const paths = new Set<string>();
  for (const [, path] of diff.matchAll(/^(?:---|\+\+\+) ([^\t\n]+)/gm)) {
    if (path === undefined || path === "/dev/null") continue;
    const inside = normalize(path.trim().replace(/^[^/]*\//, ""));
    if (inside.startsWith("..") || inside.startsWith("/")) {
      throw new InfrastructureError({ what: `Cannot apply patch "${name}": "${path}" is outside the kernel source` });
    }
    paths.add(inside);
  }
  if (paths.size > 0) return [...paths];
  throw new InfrastructureError({
    what: `Cannot apply patch "${name}": it changes no file`,
    remedy: "Give a unified diff as git diff writes it",
  });
}

async function listTouchedFiles(patches: readonly string[]): Promise<readonly string[]> {
  const paths = new Set<string>();
  for (const patch of patches) {
    const diff = await readFile(patch, "utf8").catch((cause: unknown) => {
      throw new InfrastructureError({ what: `Cannot read patch "${patch}"`, cause });
    });
    for (const path of parseTouchedPaths(diff, basename(patch))) paths.add(path);
  }
  return [...paths];
}

async function saveOriginals(tree: PatchableTree, paths: readonly string[]): Promise<void> {
  const touched: TouchedFile[] = [];
  for (const path of paths) touched.push({ path, existed: await exists(join(tree.source, path)) });
  await mkdir(tree.saved, { recursive: true });
  // The list first, whole: from here on every state in between can be undone.
  await writeFile(join(tree.saved, "files.json.part"), JSON.stringify(touched));
  await rename(join(tree.saved, "files.json.part"), join(tree.saved, "files.json"));
  for (const { path, existed } of touched) {
    if (!existed) continue;
    const original = join(tree.saved, "originals", path);
    await mkdir(dirname(original), { recursive: true });
    await rename(join(tree.source, path), original);
    await copyFile(original, join(tree.source, path));
  }
}

async function applyPatch(tree: PatchableTree, patch: string, signal: AbortSignal): Promise<void> {
  const result = await tryTool({
    command: "patch",
    arguments: [
      ...["--strip=1", "--forward", "--batch", "--no-backup-if-mismatch", "--reject-file=-"],
      ...[`--directory=${tree.source}`, `--input=${patch}`],
    ],
    purpose: `apply patch "${basename(patch)}"`,
    signal,
    limit: patchLimit,
  });
  if (result.exitCode === 0) return;
  const said = result.stdout
    .split("\n")
    .filter((line) => /FAILED|can't find|malformed|Skipping|previously applied/.test(line));
  throw new PatchError({
    what: `Cannot apply patch "${basename(patch)}": ${said.join("; ") || result.stdout.trim() || result.stderr.trim()}`,
    remedy: "Make the patch anew against this version of the kernel source",
  });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
