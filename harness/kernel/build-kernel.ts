/** Builds the lean kernel out of an unpacked source, with the kernel's own make. */
import { createWriteStream } from "node:fs";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { readChoice, writeChoice } from "../assets/cache.ts";
import { digestFile } from "../assets/digest.ts";
import type { Preparation } from "../assets/preparation.ts";
import { tryTool, type Tool } from "../assets/run-tool.ts";
import { HarnessError } from "../errors/harness-error.ts";
import { findLostOptions, listOptions, parseConfiguration, parseFragment, spellOption } from "./configuration.ts";
import type { RequestedOption } from "./configuration.ts";
import { keepCoveredFiles, parseMarkedFiles, variablesOf, type CoveredFiles } from "./covered-files.ts";
import { findFirstError, watchBuild, type BuildEstimate } from "./make-progress.ts";

/** A source that does not make a kernel of the configuration asked for. */
export class KernelBuildError extends HarnessError {
  override readonly name = "KernelBuildError";
}

/** What a build needs. */
export interface KernelBuild {
  readonly preparation: Preparation;
  /** Descriptor of the lock on the tree, which make holds as long as it runs. */
  readonly lock: number;
  readonly source: string;
  readonly output: string;
  /** Paths of configuration fragments, of which a later one wins; everything they do not name is off. */
  readonly fragments: readonly string[];
  readonly compiler: Compiler;
  /** What is built, for progress and errors: `kernel 7.2.13-1`. */
  readonly title: string;
  /** Under which name the log is kept and how long it took is remembered: `base`, `patched`, or a flavour. */
  readonly kind: string;
  /** Told of options that the source does not keep; where absent, losing one is an error. */
  readonly onLost?: (lost: readonly RequestedOption[]) => void;
  /** The make to use, for tests. */
  readonly make?: string;
}

/** The cross compiler, as make is told of it. */
export interface Compiler {
  /** `s390x-linux-gnu-`, or empty on s390x itself. */
  readonly prefix: string;
  /** First line of `gcc --version`. */
  readonly version: string;
  /** Whether ccache is installed. */
  readonly cached: boolean;
}

/** What a finished build is described by; the image and the ELF file lie beside it. */
export interface BuiltKernel {
  readonly version: string;
  readonly digest: string;
  readonly options: readonly string[];
  /** Only of one that counts how often its lines run. */
  readonly covered?: CoveredFiles;
}

const configureLimit = 5 * 60 * 1000;
const buildLimit = 60 * 60 * 1000;

/** What builds took where this was written, with 2 cores; replaced by what the last one took here. */
const firstEstimates = {
  whole: { steps: 1200, milliseconds: 180_000 },
  patched: { steps: 45, milliseconds: 12_000 },
} as const satisfies Readonly<Record<string, BuildEstimate>>;

/** Names of the files that a built kernel consists of. */
export const builtFiles = { image: "bzImage", vmlinux: "vmlinux", configuration: "config" } as const;

/**
 * Configures and builds, or what an earlier build left to do, and copies the result into a folder.
 * @throws {KernelBuildError} naming options that the source does not have, or the first error of the compiler
 */
export async function buildKernel(build: KernelBuild, folder: string): Promise<BuiltKernel> {
  const { source, output } = build;
  await mkdir(output, { recursive: true });
  // make takes one file, and of an option that is there twice the later value.
  const fragment = join(output, "zhil.config");
  const requested = await readFragments(build);
  await writeFile(fragment, requested);
  await makeKernel(build, "configure", ["allnoconfig"], { KCONFIG_ALLCONFIG: fragment });
  const configuration = await readConfiguration(build);
  const covered = { files: parseMarkedFiles(requested, "covers"), objects: output };
  await makeKernel(build, "build", [...variablesOf(requested), "bzImage"], {});
  await keepCoveredFiles(covered, source, folder);
  await copyFile(join(output, "arch/s390/boot/bzImage"), join(folder, builtFiles.image));
  await copyFile(join(output, "vmlinux"), join(folder, builtFiles.vmlinux));
  await copyFile(join(output, ".config"), join(folder, builtFiles.configuration));
  const release = await readFile(join(output, "include/config/kernel.release"), "utf8").catch((cause: unknown) => {
    throw new KernelBuildError({ what: `Cannot build ${build.title}: "${source}" names no release`, cause });
  });
  return {
    version: release.trim(),
    digest: await digestFile(join(folder, builtFiles.image)),
    options: listOptions(configuration),
    ...(covered.files.length === 0 ? {} : { covered }),
  };
}

/** Reads the configuration that came out, and makes sure that what was asked for is in it. */
async function readConfiguration(build: KernelBuild): Promise<ReadonlyMap<string, string>> {
  const configuration = parseConfiguration(await readFile(join(build.output, ".config"), "utf8"));
  const lost = findLostOptions(parseFragment(await readFragments(build)), configuration);
  if (lost.length === 0) return configuration;
  if (build.onLost !== undefined) {
    build.onLost(lost);
    return configuration;
  }
  throw new KernelBuildError({
    what: `Cannot configure ${build.title}: it does not keep ${lost.map(spellOption).join(", ")}`,
    where: build.fragments.join(", "),
    remedy:
      "Look the option up in the source's Kconfig files: it was renamed, or depends on one the fragment does not name",
  });
}

async function readFragments({ fragments }: KernelBuild): Promise<string> {
  const texts = await Promise.all(fragments.map((path) => readFile(path, "utf8")));
  return texts.join("\n\n");
}

async function makeKernel(
  build: KernelBuild,
  verb: "configure" | "build",
  targets: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const { root, report, signal } = build.preparation;
  const estimateName = `build-time-${build.kind}`;
  const estimate =
    (await readChoice<BuildEstimate>(root, estimateName)) ??
    firstEstimates[["patched", "tree-step"].includes(build.kind) ? "patched" : "whole"];
  const watch = verb === "build" ? watchBuild(`Building ${build.title}`, estimate, report) : null;
  const output: string[] = [];
  const logPath = join(root, `build-${build.kind}.log`);
  const log = createWriteStream(logPath, { flags: verb === "configure" ? "w" : "a" });
  const tool: Tool = {
    command: build.make ?? "make",
    arguments: listMakeArguments(build, targets),
    purpose: `${verb} ${build.title}`,
    signal,
    limit: verb === "build" ? buildLimit : configureLimit,
    descriptor: build.lock,
    // ccache finds a file again wherever the cache lies.
    environment: { ...environment, CCACHE_BASEDIR: root },
    onLine: (line) => {
      output.push(line);
      log.write(`${line}\n`);
      watch?.onLine(line);
    },
  };
  let exitCode: number;
  try {
    ({ exitCode } = await tryTool(tool));
  } finally {
    await new Promise((resolve) => log.end(resolve));
  }
  if (exitCode !== 0) {
    const said = findFirstError(output).join("\n  ");
    throw new KernelBuildError({
      what: `Cannot ${tool.purpose}: make ended with exit code ${exitCode}: ${said}`,
      remedy: `See the whole log in "${logPath}"`,
    });
  }
  // A build that had nothing to do tells nothing about the next.
  const total = watch?.total();
  if (total !== undefined && total.steps > estimate.steps / 2) await writeChoice(root, estimateName, total);
}

/** Everything that could make two builds of the same source differ is held still, so that the image's digest names its content. */
function listMakeArguments(build: KernelBuild, targets: readonly string[]): readonly string[] {
  const { prefix, cached } = build.compiler;
  return [
    ...[
      "-C",
      build.source,
      `O=${build.output}`,
      `-j${availableParallelism()}`,
      "ARCH=s390",
      `CROSS_COMPILE=${prefix}`,
    ],
    ...(cached ? [`CC=ccache ${prefix}gcc`] : []),
    ...["LOCALVERSION=", "KBUILD_BUILD_USER=zhil", "KBUILD_BUILD_HOST=zhil", "KBUILD_BUILD_VERSION=1"],
    ...["KBUILD_BUILD_TIMESTAMP=Thu Jan  1 00:00:00 UTC 1970", ...targets],
  ];
}

/** Makes sure that an output folder is never taken for one it is not: its key is there only while it is whole. */
export async function withOutputKey<T>(output: string, key: string, action: () => Promise<T>): Promise<T> {
  const path = join(output, ".zhil-key");
  await rm(path, { force: true });
  const result = await action();
  await writeFile(path, key);
  return result;
}

/** Whether an output folder is the whole result of the build with this key. */
export async function hasOutputKey(output: string, key: string): Promise<boolean> {
  const stored = await readFile(join(output, ".zhil-key"), "utf8").catch(() => null);
  return stored === key;
}
