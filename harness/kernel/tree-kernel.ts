/** Kernels of commits and of tarballs: the lean configuration, or a flavour of it, and nothing changed in the source. */
import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { Kernel } from "../assets/assets.ts";
import { createCacheFolder, findCacheRoot, publishEntry, readEntry, type Entry } from "../assets/cache.ts";
import { digestFile, makeKey } from "../assets/digest.ts";
import { withLock } from "../assets/file-lock.ts";
import type { Preparation } from "../assets/preparation.ts";
import type { ReportProgress } from "../assets/progress.ts";
import { runTool } from "../assets/run-tool.ts";
import { InfrastructureError, UsageError } from "../errors/harness-error.ts";
import { buildKernel, KernelBuildError, type BuiltKernel } from "./build-kernel.ts";
import { spellOption } from "./configuration.ts";
import { checkOut, resolveCommit, treeOf } from "./git-checkout.ts";
import { describeBuilt, readRecipe, type KernelRecipe } from "./kernel-recipe.ts";
import { checkRoom, locateKernelTree, outputOf, type KernelTree } from "./kernel-source.ts";

/** What the cache knows of a kernel that was built from a commit or a tarball. */
export interface TreeKernelManifest extends BuiltKernel {
  /** What it was first built from: `commit 1a2b…`, or a tarball's name. */
  readonly from: string;
  readonly flavour: string | null;
  /** Options asked for that the source does not have, as a configuration spells them. */
  readonly lacks: readonly string[];
  /** UTC. */
  readonly built: string;
  readonly seconds: number;
}

/** A kernel that was built from a commit or a tarball. */
export interface TreeKernel {
  readonly kernel: Kernel;
  readonly lacks: readonly string[];
  /** What its build took; 0 where it was in the cache. */
  readonly seconds: number;
}

/** What is built, and how. */
export interface TreeKernelOptions {
  readonly flavour: string | null;
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}

/** Under this kind the cache has such kernels. */
export const treeKernelKind = "tree-kernel";
const lockName = "kernel-tree";
const unpackLimit = 20 * 60 * 1000;
/** Its presence says that a build was not seen to end. */
const underWay = ".zhil-under-way";
/** Milliseconds within which a file may not have reached the disk, where the power was cut. */
const unwrittenFor = 60_000;

/**
 * The kernel of a commit, from the cache where a commit with the same tree was built by the same compiler and configuration. There
 * is one source and, for each flavour, one build folder: from commit to commit only what differs is compiled.
 * @throws {KernelBuildError} with the first error of the compiler; {UsageError} where there is no such commit or flavour
 */
export async function buildCommit(
  repository: string,
  commit: string,
  options: TreeKernelOptions,
): Promise<TreeKernel> {
  const call = { repository, signal: options.signal };
  const id = await resolveCommit(call, commit);
  const content = await treeOf(call, id);
  const title = `commit ${id.slice(0, 12)}`;
  return build({ content: `tree ${content}`, from: `commit ${id}`, title }, options, async (preparation) => {
    const tree = locateKernelTree(preparation.root, "git");
    await checkOut(call, id, tree);
    return tree;
  });
}

/**
 * The kernel of a tarball. Source and build folder are removed once it is built.
 * @throws {KernelBuildError} with the first error of the compiler; {UsageError} where it is no tarball of a kernel
 */
export async function buildTarball(path: string, options: TreeKernelOptions): Promise<TreeKernel> {
  const file = resolve(path);
  const content = await digestFile(file).catch((cause: unknown) => {
    throw new UsageError({ what: `Cannot read the tarball "${path}"`, cause });
  });
  const name = basename(file);
  const place = locateKernelTree(resolve(findCacheRoot()), "tarball");
  const clear = (): Promise<void> => rm(join(place.source, ".."), { recursive: true, force: true });
  return build(
    { content, from: name, title: name },
    options,
    (preparation) => unpack(file, place, preparation),
    clear,
  );
}

/** A kernel's source, named by what is in it. */
interface Content {
  readonly content: string;
  readonly from: string;
  readonly title: string;
}

async function build(
  what: Content,
  { flavour, report, signal }: TreeKernelOptions,
  provide: (preparation: Preparation) => Promise<KernelTree>,
  clear?: () => Promise<void>,
): Promise<TreeKernel> {
  const preparation: Preparation = { root: resolve(findCacheRoot()), update: false, report, signal };
  const { root } = preparation;
  // Nothing but the source itself: patches of the project are not among what is argued about.
  const recipe: KernelRecipe = { ...(await readRecipe({ flavour, patches: [] }, signal)), standingPatches: [] };
  const key = keyOf(recipe, what.content);
  const known = await readEntry<TreeKernelManifest>(root, treeKernelKind, key);
  if (known !== null) return describe(known, recipe, 0);
  return withLock(
    { ...preparation, name: lockName, purpose: `building the kernel of ${what.title}` },
    async (lock) => {
      const meanwhile = await readEntry<TreeKernelManifest>(root, treeKernelKind, key);
      if (meanwhile !== null) return describe(meanwhile, recipe, 0);
      const begin = performance.now();
      try {
        const tree = await provide(preparation);
        const entry = await publishEntry<TreeKernelManifest>(root, treeKernelKind, key, async (folder) => {
          const built = await buildIn(tree, folder, what, { recipe, preparation, lock });
          const seconds = (performance.now() - begin) / 1000;
          return { ...built, from: what.from, flavour, built: new Date().toISOString(), seconds };
        });
        return describe(entry, recipe, entry.manifest.seconds);
      } finally {
        await clear?.();
      }
    },
  );
}

async function buildIn(
  tree: KernelTree,
  folder: string,
  { title }: Content,
  { recipe, preparation, lock }: { recipe: KernelRecipe; preparation: Preparation; lock: number },
): Promise<BuiltKernel & { readonly lacks: readonly string[] }> {
  const output = outputOf(tree, recipe.flavour);
  const mark = join(output, underWay);
  await removeHalfMade(output, mark);
  const isNew = !(await exists(join(output, "vmlinux")));
  await mkdir(output, { recursive: true });
  await writeFile(mark, "");
  let lacks: readonly string[] = [];
  const flavoured = recipe.flavour === null ? "" : ` (${recipe.flavour})`;
  try {
    const built = await buildKernel(
      {
        ...{ preparation, lock, output, source: tree.source, compiler: recipe.compiler },
        fragments: recipe.fragments.map(({ path }) => path),
        title: `the kernel of ${title}${flavoured}`,
        kind: isNew ? `tree${recipe.flavour === null ? "" : `-${recipe.flavour}`}` : "tree-step",
        onLost: (options) => {
          lacks = options.map(spellOption);
        },
      },
      folder,
    );
    await rm(mark);
    return { ...built, lacks };
  } catch (error) {
    // make ended by itself, and leaves nothing half written; so it does on an interrupt.
    if (error instanceof KernelBuildError || preparation.signal.aborted) await rm(mark, { force: true });
    throw error;
  }
}

/**
 * Removes what a build had written that was not seen to end: what make had half written when it was killed, it would take for
 * made. What was there before is whole, and stays.
 */
async function removeHalfMade(output: string, mark: string): Promise<void> {
  const begun = await stat(mark).catch(() => null);
  if (begun === null) return;
  for (const entry of await readdir(output, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && (await stat(path)).mtimeMs > begun.mtimeMs - unwrittenFor) await rm(path, { force: true });
  }
}

async function unpack(file: string, tree: KernelTree, { report, signal }: Preparation): Promise<KernelTree> {
  const folder = join(tree.source, "..");
  await rm(folder, { recursive: true, force: true });
  await createCacheFolder(tree.source);
  await checkRoom(folder);
  report({ kind: "step", text: `Unpacking ${basename(file)}` });
  await runTool({
    command: "tar",
    arguments: ["--extract", "--auto-compress", `--file=${file}`, "--no-same-owner", `--directory=${tree.source}`],
    purpose: `unpack "${file}"`,
    environment: { XZ_OPT: "-T0" },
    signal,
    limit: unpackLimit,
  });
  for (const name of [".", ...(await readdir(tree.source))]) {
    const source = join(tree.source, name);
    if (await exists(join(source, "Kbuild"))) return { ...tree, source };
  }
  throw new UsageError({
    what: `Cannot build "${file}": it holds no kernel source`,
    remedy: "Give a linux-….tar.xz",
  });
}

function describe(entry: Entry<TreeKernelManifest>, recipe: KernelRecipe, seconds: number): TreeKernel {
  return { kernel: describeBuilt(entry, recipe), lacks: entry.manifest.lacks, seconds };
}

const keyOf = ({ compiler, fragments }: KernelRecipe, content: string): string =>
  makeKey({
    content,
    compiler: compiler.version,
    ...Object.fromEntries(fragments.map(({ digest }, index) => [`fragment ${index}`, digest])),
  });

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
      throw new InfrastructureError({ what: `Cannot look at "${path}"`, cause: error });
    },
  );
