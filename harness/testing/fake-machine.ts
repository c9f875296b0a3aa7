/** Targets on the fake QEMU, for tests of bad days. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { isAlive, type ProcessIdentity } from "../lifecycle/process-identity.ts";
import { createScratch, type Scratch } from "../lifecycle/scratch.ts";
import { EmulatedTarget } from "../target/emulated.ts";
import type { EmulatedLimits, MachineOptions } from "../target/emulated-options.ts";
import { fakePlan, fakeQemu } from "./fake-plan.ts";

/** What goes wrong on the fake QEMU; fake-qemu.mjs says what each word does. */
export interface BadDay {
  readonly start?: string;
  readonly boot?: string;
  readonly on?: Readonly<Record<string, string>>;
  readonly unplug?: string;
  readonly restart?: string;
  readonly clones?: string;
  readonly ignoreSigterm?: boolean;
}

/** A folder of its own for scratch folders, and a way to see that nothing of a run is left. */
export interface Playground extends AsyncDisposable {
  readonly parent: string;
  readonly scratch: Scratch;
  /** What machines on a fake QEMU with such a day are made of. */
  makeOptions(day: BadDay, limits?: Partial<EmulatedLimits>): MachineOptions;
  /** A target on a fake QEMU with such a day. */
  makeTarget(day: BadDay, limits?: Partial<EmulatedLimits>): EmulatedTarget;
  /** Ends the run and expects no process, no socket and no folder to be left of it. */
  expectNothingLeft(): Promise<void>;
}

/** Makes a playground; short limits, because tests of limits wait for them. */
export async function makePlayground(): Promise<Playground> {
  const parent = await mkdtemp(join(tmpdir(), "zt-"));
  const scratch = await createScratch({ parent });
  const makeOptions: Playground["makeOptions"] = (day, limits = {}) => ({
    profile: fakePlan.profile,
    qemu: { argv: [process.execPath, fakeQemu], environment: { FAKE_QEMU: JSON.stringify(day) } },
    kernel: "kernel",
    initramfs: "initramfs",
    scratch,
    limits,
  });
  return {
    parent,
    scratch,
    makeOptions,
    makeTarget: (day, limits) => new EmulatedTarget(makeOptions(day, limits)),
    expectNothingLeft: async () => {
      const started = readProcesses(scratch.path);
      expect(started.length).toBeGreaterThan(0);
      expect(started.filter(isAlive)).toEqual([]);
      await scratch[Symbol.asyncDispose]();
      expect(await readdir(parent)).toEqual([]);
    },
    [Symbol.asyncDispose]: async () => {
      scratch.endNow();
      await rm(parent, { recursive: true, force: true });
    },
  };
}

/** The processes noted in a scratch folder. */
export function readProcesses(folder: string): readonly ProcessIdentity[] {
  const lines = readFileSync(join(folder, "processes.jsonl"), "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line) as ProcessIdentity);
}
