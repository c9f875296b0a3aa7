/** What targets on the fake QEMU are given. */
import { fileURLToPath } from "node:url";
import type { Plan } from "../../src/plan/plan.ts";
import type { FunctionProfile, Profile } from "../../src/trace/profile.ts";
import { emulatedCommandLine } from "../target/emulated-options.ts";

/** Program of the fake QEMU. */
export const fakeQemu = fileURLToPath(new URL("fake-qemu.mjs", import.meta.url));

const functions: readonly FunctionProfile[] = [{ name: "a", device: "nvme", uid: 5, fid: 32 }];

const profile: Profile = {
  bench: "emulated",
  kernel: { version: "7.2.13", digest: "none", options: [], commandLine: emulatedCommandLine, patches: [] },
  qemu: { version: "11.1.3", digest: "none" },
  memoryMiB: 512,
  cpus: 1,
  functions,
};

/** A plan with a function and a buffer; tests perform what they like. */
export const fakePlan: Plan = {
  scenario: "bad day",
  functions,
  buffers: [{ name: "p", pages: 1 }],
  steps: [],
  profile,
};
