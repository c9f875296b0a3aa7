/** Templates on a real kernel: made once, thawed as often as wanted, made anew when something is wrong with them. */
import { mkdtemp, readdir, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { planOf } from "../../src/testing/plan-of.ts";
import type { Assets } from "../assets/assets.ts";
import { prepareAssets } from "../assets/prepare-assets.ts";
import type { Progress } from "../assets/progress.ts";
import { createScratch, type Scratch } from "../lifecycle/scratch.ts";
import { machineOf } from "../target/describe-by-hand.ts";
import { agentPorts, emulatedCommandLine, type EmulatedTargetOptions } from "../target/emulated-options.ts";
import { EmulatedTarget } from "../target/emulated.ts";
import { freezeAgent } from "./freeze-agent.ts";
import { supplyTemplates } from "./template-supply.ts";

const never = new AbortController().signal;
const { profile, ...planned } = planOf("bind: { function: a }", { bench: "emulated" });
// A plan with a command line of its own would have a template of its own.
const plan = { ...planned, profile: { ...profile, kernel: { ...profile.kernel, commandLine: emulatedCommandLine } } };

let assets: Assets;
let parent: string;
let root: string;
let scratch: Scratch;
let said: string[];

beforeAll(async () => {
  assets = await prepareAssets({ report: () => undefined, signal: never });
  parent = await mkdtemp(join(tmpdir(), "zt-"));
  root = join(parent, "cache");
  scratch = await createScratch({ parent });
});
beforeEach(() => {
  said = [];
});
afterAll(async () => {
  await scratch[Symbol.asyncDispose]();
  await rm(parent, { recursive: true });
});

/** A run of its own, as another process would be. */
function openTarget(): EmulatedTarget {
  const options: Omit<EmulatedTargetOptions, "scratch"> = {
    profile: {
      bench: "emulated",
      kernel: { ...assets.kernel, commandLine: emulatedCommandLine },
      qemu: assets.qemu,
      memoryMiB: 512,
      cpus: 1,
    },
    qemu: assets.qemu,
    kernel: assets.kernel.image,
    initramfs: assets.initramfs.path,
  };
  const report = (progress: Progress): void => {
    if (progress.kind === "step") said.push(progress.text);
  };
  const digests = [assets.qemu.digest, assets.kernel.digest, assets.initramfs.digest];
  const templates = supplyTemplates(
    { machine: machineOf(options), digests, routine: freezeAgent(agentPorts.agent) },
    { root, scratch, report, signal: never },
  );
  return new EmulatedTarget({ ...options, scratch, templates });
}

async function perform(target: EmulatedTarget): Promise<string> {
  await using started = await target.start(plan, never);
  const { observation } = await started.perform({ op: "bind", function: "a" }, never);
  return observation.result;
}

const templateFolder = async (): Promise<string> => {
  const [key, ...others] = await readdir(join(root, "template"));
  expect(others).toEqual([]);
  return join(root, "template", key ?? "");
};

it("is frozen once and thawed by every scenario and every later run", async () => {
  const target = openTarget();
  expect(await Promise.all([perform(target), perform(target)])).toEqual(["OK", "OK"]);
  expect(said).toEqual(["Freezing a booted kernel as a template: none of this kernel, QEMU and machine yet"]);
  expect(await perform(openTarget())).toBe("OK");
  expect(said).toHaveLength(1);
});

it("takes little room: the pages that the guest touched, and device state", async () => {
  const folder = await templateFolder();
  const memory = await stat(join(folder, "memory"));
  expect(memory.size).toBe(512 * 1024 * 1024);
  expect(memory.blocks * 512).toBeLessThan(100 * 1024 * 1024);
  expect((await stat(join(folder, "state"))).size).toBeLessThan(1024 * 1024);
});

it("is made anew where it is not whole, and says so", async () => {
  await truncate(join(await templateFolder(), "state"), 100);
  expect(await perform(openTarget())).toBe("OK");
  expect(said).toEqual(["Freezing a booted kernel as a template: the one in the cache is not whole"]);
});

it("is made anew where QEMU refuses it, and says so", async () => {
  const state = join(await templateFolder(), "state");
  const { size } = await stat(state);
  await writeFile(state, Buffer.alloc(size, 0x5a));
  expect(await perform(openTarget())).toBe("OK");
  expect(said).toHaveLength(1);
  expect(said[0]).toContain("the one in the cache cannot be thawed");
});

it("is not needed: where none can be kept, scenarios boot on their own, and a line says why", async () => {
  await rm(root, { recursive: true });
  await symlink("/proc/nowhere", root);
  expect(await perform(openTarget())).toBe("OK");
  expect(said).toHaveLength(1);
  expect(said[0]).toContain("Booting every scenario on its own");
});
