/** What tests on a real kernel share: the project's assets, and a scratch folder that has to be empty in the end. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import type { FunctionProfile, Profile } from "../../src/trace/profile.ts";
import type { Assets } from "../assets/assets.ts";
import { prepareAssets } from "../assets/prepare-assets.ts";
import { createScratch, type Scratch } from "../lifecycle/scratch.ts";
import { emulatedCommandLine, type EmulatedTargetOptions } from "../target/emulated-options.ts";
import { EmulatedTarget } from "../target/emulated.ts";
import { findProcesses } from "./find-processes.ts";

/** What is there between the first test of a file and its last. */
export interface Machines {
  readonly assets: Assets;
  /** The folder that the scratch folder is in: a test may leave files beside that one. */
  readonly parent: string;
  readonly scratch: Scratch;
  /** The profile of a machine with these functions. */
  readonly profileOf: (functions: readonly FunctionProfile[]) => Profile;
  /** What starts such a machine. */
  readonly targetOf: (profile: Profile, options?: Partial<EmulatedTargetOptions>) => EmulatedTarget;
}

/**
 * Prepares the assets and a scratch folder before the tests of a file, and sees after them that no process has been left,
 * and nothing in the folder. To be called where the file describes its tests.
 */
export function useMachines(): Machines {
  let assets: Assets;
  let parent: string;
  let scratch: Scratch;
  beforeAll(async () => {
    assets = await prepareAssets({ report: () => undefined, signal: new AbortController().signal });
    parent = await mkdtemp(join(tmpdir(), "zt-"));
    scratch = await createScratch({ parent });
  });
  afterAll(async () => {
    expect(await findProcesses(parent)).toEqual([]);
    await scratch[Symbol.asyncDispose]();
    expect(await readdir(parent)).toEqual([]);
    await rm(parent, { recursive: true });
  });
  return {
    get assets() {
      return assets;
    },
    get parent() {
      return parent;
    },
    get scratch() {
      return scratch;
    },
    profileOf: (functions) => ({
      ...{ bench: "emulated", qemu: assets.qemu, memoryMiB: 512, cpus: 1, functions },
      kernel: { ...assets.kernel, commandLine: emulatedCommandLine },
    }),
    targetOf: (profile, options = {}) =>
      new EmulatedTarget({
        ...{ profile, qemu: assets.qemu, kernel: assets.kernel.image, initramfs: assets.initramfs.path, scratch },
        ...options,
      }),
  };
}
