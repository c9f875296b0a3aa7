import { resolve } from "node:path";
import { examineGivenKernel } from "../kernel/given-kernel.ts";
import { prepareKernel } from "../kernel/prepare-kernel.ts";
import type { Assets, PrepareOptions } from "./assets.ts";
import { createCacheFolder, findCacheRoot } from "./cache.ts";
import type { Preparation } from "./preparation.ts";
import { readGiven } from "./given.ts";
import { prepareInitramfs } from "./prepare-initramfs.ts";
import { prepareQemu } from "./prepare-qemu.ts";

/**
 * Everything a run on the `emulated` bench needs, from the cache where it has it, else fetched and built into it.
 * Takes milliseconds when there is nothing to do and minutes the first time. ZHIL_QEMU, ZHIL_KERNEL and ZHIL_AGENT
 * give what options do not.
 * @throws {InfrastructureError} naming what could not be had and what to provide; {UsageError} where something given
 *   cannot be used; the signal's reason where it is aborted
 */
export async function prepareAssets(options: PrepareOptions): Promise<Assets> {
  // Where one part fails there is no use in the minutes the others take.
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  const root = resolve(findCacheRoot());
  await createCacheFolder(root);
  const preparation: Preparation = { root, update: options.update ?? false, report: options.report, signal };
  const given = readGiven();
  const givenKernel = options.kernel ?? given.kernel;
  const parts = [
    givenKernel === undefined ? prepareKernel(preparation) : examineGivenKernel(givenKernel),
    prepareInitramfs(preparation, given.agent),
    prepareQemu(preparation, options.qemu ?? given.qemu),
  ] as const;
  try {
    const [kernel, initramfs, qemu] = await Promise.all(parts);
    return { kernel, initramfs, qemu };
  } catch (error) {
    over.abort(error);
    // Nothing goes on behind the caller's back: programs that were started have ended.
    await Promise.allSettled(parts);
    throw error;
  }
}
