import { resolve } from "node:path";
import { examineGivenKernel } from "../kernel/given-kernel.ts";
import { prepareDebianKernel } from "../kernel/debian-kernel.ts";
import { parseDebianName } from "../kernel/debian-name.ts";
import { parseFlavourName } from "../kernel/flavour.ts";
import { parseLeanVersion, prepareLeanVersion } from "../kernel/lean-version.ts";
import { prepareKernel } from "../kernel/prepare-kernel.ts";
import { addModules } from "./add-modules.ts";
import type { Assets, Kernel, PrepareOptions } from "./assets.ts";
import { createCacheFolder, findCacheRoot } from "./cache.ts";
import type { Preparation } from "./preparation.ts";
import { readGiven } from "./given.ts";
import { prepareInitramfs } from "./prepare-initramfs.ts";
import { prepareQemu } from "./prepare-qemu.ts";
import { prepareRelay } from "./prepare-relay.ts";

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
  const parts = [
    chooseKernel(preparation, options.kernel ?? given.kernel),
    prepareInitramfs(preparation, given.agent),
    prepareQemu(preparation, options.qemu ?? given.qemu),
    prepareRelay(preparation),
  ] as const;
  try {
    const [kernel, agent, qemu, relay] = await Promise.all(parts);
    const modules = kernel.readyMade?.modules ?? null;
    return { kernel, initramfs: await addModules(preparation, agent, modules), qemu, relay };
  } catch (error) {
    over.abort(error);
    // Nothing goes on behind the caller's back: programs that were started have ended.
    await Promise.allSettled(parts);
    throw error;
  }
}

/**
 * One kernel, by what `--kernel` takes; the default one where nothing is given.
 * @throws {InfrastructureError} where it cannot be had; {UsageError} where there is no such kernel
 */
export async function prepareNamedKernel(options: PrepareOptions): Promise<Kernel> {
  const root = resolve(findCacheRoot());
  await createCacheFolder(root);
  const { report, signal, update = false } = options;
  return chooseKernel({ root, update, report, signal }, options.kernel);
}

function chooseKernel(preparation: Preparation, given: string | undefined): Promise<Kernel> {
  if (given === undefined) return prepareKernel(preparation);
  const flavour = parseFlavourName(given);
  if (flavour !== null) return prepareKernel(preparation, flavour);
  const lean = parseLeanVersion(given);
  if (lean !== null) return prepareLeanVersion(preparation, lean);
  const version = parseDebianName(given);
  return version === null ? examineGivenKernel(given) : prepareDebianKernel(preparation, version);
}
