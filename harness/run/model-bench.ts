import { modelTarget } from "../../src/target/model-target.ts";
import type { Bench } from "./bench.ts";

/** The reference emulator as a bench: the whole arrow in process, in milliseconds. */
export function openModelBench(): Bench {
  const { kernel, qemu } = modelTarget.profile;
  return {
    title: `model: the reference emulator for Linux ${kernel.version} on QEMU ${qemu.version}`,
    profile: modelTarget.profile,
    images: [],
    options: ["--bench", "model"],
    startsAhead: false,
    createTarget: () => modelTarget,
    describeMachine: () => [],
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
