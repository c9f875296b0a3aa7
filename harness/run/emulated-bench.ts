import { basename } from "node:path";
import { prepareAssets } from "../assets/prepare-assets.ts";
import type { Assets } from "../assets/assets.ts";
import type { ReportProgress } from "../assets/progress.ts";
import { createScratch } from "../lifecycle/scratch.ts";
import { describeByHand } from "../target/describe-by-hand.ts";
import { EmulatedTarget } from "../target/emulated.ts";
import { emulatedCommandLine } from "../target/emulated-options.ts";
import type { Bench } from "./bench.ts";

/** How the `emulated` bench is opened. */
export interface EmulatedBenchOptions {
  /** A bzImage to boot instead of the prepared one. */
  readonly kernel: string | null;
  /** A QEMU to use instead of the prepared one. */
  readonly qemu: string | null;
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}

const memoryMiB = 512;
const cpus = 1;

/**
 * Prepares QEMU and kernel, and opens the `emulated` bench on them.
 * @throws {HarnessError} where something cannot be had
 */
export async function openEmulatedBench(options: EmulatedBenchOptions): Promise<Bench> {
  const { kernel, qemu, report, signal } = options;
  const assets = await prepareAssets({
    ...(kernel === null ? {} : { kernel }),
    ...(qemu === null ? {} : { qemu }),
    report,
    signal,
  });
  return openBenchOn(assets, [
    ...(kernel === null ? [] : ["--kernel", kernel]),
    ...(qemu === null ? [] : ["--qemu", qemu]),
  ]);
}

/** Opens the `emulated` bench on assets that are there; `options` are what `zhil run` needs to find them again. */
export async function openBenchOn(assets: Assets, options: readonly string[]): Promise<Bench> {
  const { kernel, qemu, initramfs } = assets;
  const profile: Bench["profile"] = {
    bench: "emulated",
    kernel: {
      version: kernel.version,
      digest: kernel.digest,
      options: kernel.options,
      commandLine: emulatedCommandLine,
      patches: kernel.patches,
    },
    qemu: { version: qemu.version, digest: qemu.digest },
    memoryMiB,
    cpus,
  };
  const machine = { profile, qemu, kernel: kernel.image, initramfs: initramfs.path };
  const scratch = await createScratch();
  const patched = kernel.patches.length === 0 ? "" : ` with ${kernel.patches.join(", ")}`;
  return {
    title: `emulated: Linux ${kernel.version}${patched} on QEMU ${qemu.version}`,
    profile,
    images: [
      { path: kernel.image, digest: kernel.digest },
      { path: initramfs.path, digest: initramfs.digest },
      { path: programOf(qemu.argv), digest: qemu.digest },
    ],
    options: ["--bench", "emulated", ...options],
    createTarget: (consoleFile) => new EmulatedTarget({ ...machine, scratch, consoleFile: () => consoleFile }),
    describeMachine: (plan) => describeByHand(machine, plan),
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}

/** QEMU's own file in its command: an unpacked one is started through a loader. */
const programOf = (argv: readonly [string, ...string[]]): string =>
  argv.find((word) => basename(word).startsWith("qemu-system-")) ?? argv[0];
