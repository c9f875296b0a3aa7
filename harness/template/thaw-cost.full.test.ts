/** What a thaw costs by each way that a template can be kept; prints what docs/discoveries quotes. */
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { AgentClient } from "../agent/agent-client.ts";
import type { Assets } from "../assets/assets.ts";
import { prepareAssets } from "../assets/prepare-assets.ts";
import { createScratch, type Scratch } from "../lifecycle/scratch.ts";
import type { MachineDefinition } from "../qemu/machine.ts";
import { startQemu } from "../qemu/start-qemu.ts";
import { portOf } from "../qemu/started-qemu.ts";
import { agentPorts, emulatedCommandLine } from "../target/emulated-options.ts";
import { saveState, type MemoryPlace, type Transport } from "./migration.ts";
import { stopAtRest } from "./stop-at-rest.ts";
import { cloneOf, describeTemplate, memoryFileIn, stateFileIn, thaw, type TemplateManifest } from "./template.ts";

const signal = new AbortController().signal;
const limit = 30_000;
const thaws = 10;

let assets: Assets;
let parent: string;
let scratch: Scratch;
beforeAll(async () => {
  assets = await prepareAssets({ report: () => undefined, signal });
  parent = await mkdtemp(join(tmpdir(), "zt-"));
  scratch = await createScratch({ parent });
});
afterAll(async () => {
  await scratch[Symbol.asyncDispose]();
  await rm(parent, { recursive: true });
});

const machineWith = (memoryMiB: number): MachineDefinition => ({
  qemu: assets.qemu,
  ...{ kernel: assets.kernel.image, initramfs: assets.initramfs.path, commandLine: emulatedCommandLine },
  ...{ memoryMiB, cpus: 1, ports: [agentPorts.agent, agentPorts.watch] },
});

async function freeze(
  machine: MachineDefinition,
  folder: string,
  memory: MemoryPlace,
  transport: Transport,
): Promise<TemplateManifest> {
  const ram = memory === "file" ? { memory: { path: memoryFileIn(folder), share: true } } : {};
  await using started = await startQemu({ ...machine, ...ram }, { scratch, startLimit: limit }, signal);
  using agent = new AgentClient(portOf(started, agentPorts.agent));
  const hello = await agent.waitForHello(signal, limit);
  await stopAtRest(started.qmp, limit, signal);
  const path = stateFileIn(folder);
  await saveState(started, { memory, transport, path, bytes: 2 ** 30, limit }, signal);
  return { hello, memory, transport, memoryBytes: null, stateBytes: (await stat(path)).size };
}

/** Milliseconds from the start of QEMU to the agent's first answer, the fastest of some and their median. */
interface Cost {
  readonly fastest: number;
  readonly median: number;
  readonly stateBytes: number;
}

async function measure(memoryMiB: number, memory: MemoryPlace, transport: Transport): Promise<Cost> {
  const machine = machineWith(memoryMiB);
  const folder = await mkdtemp(join(parent, "t"));
  const manifest = await freeze(machine, folder, memory, transport);
  const template = describeTemplate(folder, manifest);
  const times: number[] = [];
  for (let index = 0; index < thaws; index++) {
    const began = performance.now();
    await using clone = await startQemu(cloneOf(machine, template), { scratch, startLimit: limit }, signal);
    using agent = new AgentClient(portOf(clone, agentPorts.agent));
    await thaw(clone, template, signal);
    const { result } = await agent.request("seed", { bytes: "00", time: "1800000000" }, signal, limit);
    expect(result).toBe("OK");
    times.push(performance.now() - began);
  }
  await rm(folder, { recursive: true });
  times.sort((a, b) => a - b);
  const [fastest = NaN, median = NaN] = [times[0], times[thaws / 2]];
  return { fastest: Math.round(fastest), median: Math.round(median), stateBytes: manifest.stateBytes };
}

it("costs the same whatever the memory where RAM is in a file, and more where it is in the state", async () => {
  const found: ({ memoryMiB: number; memory: MemoryPlace; transport: Transport } & Cost)[] = [];
  for (const [memory, transport] of [
    ["file", "file"],
    ["file", "socket"],
    ["state", "file"],
    ["state", "socket"],
  ] as const) {
    for (const memoryMiB of [512, 4096]) {
      found.push({ memoryMiB, memory, transport, ...(await measure(memoryMiB, memory, transport)) });
    }
  }
  for (const each of found) process.stdout.write(`${JSON.stringify(each)}\n`);
  const fastest = (memory: MemoryPlace, transport: Transport, memoryMiB: number): number =>
    found.find((each) => each.memory === memory && each.transport === transport && each.memoryMiB === memoryMiB)
      ?.fastest ?? NaN;
  for (const transport of ["file", "socket"] as const) {
    expect(fastest("file", transport, 4096)).toBeLessThan(1.5 * fastest("file", transport, 512));
    expect(fastest("state", transport, 4096)).toBeGreaterThan(fastest("file", transport, 4096));
  }
});
