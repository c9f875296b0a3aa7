/**
 * Commits of anybody's repository, checked out into a tree of the cache: from one commit to the next only files that differ
 * are written, so that make builds only what depends on them. The repository itself is only read.
 */
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createCacheFolder } from "../assets/cache.ts";
import { runTool, tryTool } from "../assets/run-tool.ts";
import { UsageError } from "../errors/harness-error.ts";
import { checkRoom, type KernelTree } from "./kernel-source.ts";

const gitLimit = 60_000;
const checkoutLimit = 20 * 60 * 1000;

/** A call of git in a repository. */
export interface GitCall {
  /** Any folder of the repository. */
  readonly repository: string;
  readonly signal: AbortSignal;
}

/**
 * Asks git about a repository and hands back what it printed.
 * @throws {InfrastructureError} where git fails, with what it said
 */
export function askGit({ repository, signal }: GitCall, purpose: string, words: readonly string[]): Promise<string> {
  return runTool({
    command: "git",
    arguments: ["-C", repository, "--no-pager", ...words],
    environment: quiet,
    ...{ purpose, signal, limit: gitLimit },
  });
}

/**
 * The commit that a name stands for, in full.
 * @throws {UsageError} where there is no such commit, or no repository
 */
export async function resolveCommit(call: GitCall, name: string): Promise<string> {
  const { exitCode, stdout, stderr } = await tryTool({
    command: "git",
    arguments: ["-C", call.repository, "rev-parse", "--verify", "--end-of-options", `${name}^{commit}`],
    environment: quiet,
    purpose: `look up the commit "${name}"`,
    signal: call.signal,
    limit: gitLimit,
  });
  if (exitCode === 0) return stdout.trim();
  throw new UsageError({
    what: `Cannot find the commit "${name}" in "${call.repository}": ${stderr.trim().split("\n")[0] ?? ""}`,
    remedy: "Name a commit, tag or branch of the repository that --repo names",
  });
}

/** The name of a commit's content: two commits with the same tree are the same source. */
export async function treeOf(call: GitCall, commit: string): Promise<string> {
  return (await askGit(call, `read the tree of "${commit}"`, ["rev-parse", "--verify", `${commit}^{tree}`])).trim();
}

/** Makes the source of a tree what a commit has. The caller holds the lock of the tree. */
export async function checkOut(call: GitCall, commit: string, tree: KernelTree): Promise<void> {
  const folder = await createCacheFolder(join(tree.source, ".."));
  await createCacheFolder(tree.source);
  const store = join(folder, "repository");
  const isThere = await stat(join(tree.source, "Kbuild")).catch(() => null);
  if (isThere === null) await checkRoom(folder);
  const format = await askGit(call, "tell how the repository names objects", ["rev-parse", "--show-object-format"]);
  const known = await readFile(join(store, "zhil-format"), "utf8").catch(() => null);
  if (known !== format.trim()) {
    await rm(store, { recursive: true, force: true });
    await run(call, folder, ["init", "--quiet", "--bare", "--template=", `--object-format=${format.trim()}`, store]);
    await writeFile(join(store, "zhil-format"), format.trim());
  }
  const objects = await askGit(call, "find the objects of the repository", [
    ...["rev-parse", "--path-format=absolute", "--git-path", "objects"],
  ]);
  await createCacheFolder(store, "objects", "info");
  await writeFile(join(store, "objects/info/alternates"), `${objects.trim()}\n`);
  // What a killed process left: the lock of the tree is ours.
  await rm(join(store, "index.lock"), { force: true });
  const here = [`--git-dir=${store}`, `--work-tree=${tree.source}`];
  // Files that a killed process had written, or not, are told by their times and sizes.
  await run(call, folder, [...here, ...plain, "read-tree", "--reset", "-u", `${commit}^{tree}`]);
}

/** The content of a commit and nothing else, whatever the user's configuration says. */
const plain: readonly string[] = [
  ...["-c", "core.autocrlf=false", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"],
  ...["-c", "core.attributesFile=/dev/null", "-c", "core.sparseCheckout=false"],
];

const quiet = { GIT_TERMINAL_PROMPT: "0", GIT_OPTIONAL_LOCKS: "0" } as const;

async function run({ signal }: GitCall, folder: string, words: readonly string[]): Promise<void> {
  await runTool({
    command: "git",
    arguments: words,
    folder,
    environment: quiet,
    purpose: "check out a kernel source",
    signal,
    limit: checkoutLimit,
  });
}
