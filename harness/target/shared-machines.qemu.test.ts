/** Scenarios that share a real kernel: what the one before left is gone, and a kernel that suffered is not used again. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { makePlan } from "../../src/plan/make-plan.ts";
import type { Plan } from "../../src/plan/plan.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";
import { readScenarioFolder, scenariosFolder } from "../scenarios/read-scenarios.ts";
import { crashGuest } from "../testing/crash-guest.ts";
import { useMachines } from "../testing/use-machines.ts";
import type { MachineOptions } from "./emulated-options.ts";
import { EmulatedTarget } from "./emulated.ts";
import type { HeldMachine, MachineSource } from "./machine-source.ts";
import { SharedMachines } from "./shared-machines.ts";
import type { StartedEmulatedTarget } from "./started-emulated.ts";

const never = new AbortController().signal;

const real = useMachines();
let options: MachineOptions;
let machines: SharedMachines;
let scenarios: ReadonlyMap<string, Scenario>;

beforeAll(async () => {
  const { qemu, kernel, initramfs } = real.assets;
  options = {
    ...{ profile: real.profileOf([]), qemu, kernel: kernel.image, initramfs: initramfs.path, scratch: real.scratch },
  };
  machines = new SharedMachines(options);
  const read = await readScenarioFolder(scenariosFolder);
  scenarios = new Map(read.scenarios.map((each) => [each.name, each]));
});
afterAll(() => machines[Symbol.asyncDispose]());

/** Starts a scenario, and hands out the machine that it holds. */
async function start(name: string): Promise<{ target: StartedEmulatedTarget; held: HeldMachine; plan: Plan }> {
  const scenario = scenarios.get(name);
  if (scenario === undefined) throw new Error(`No scenario "${name}"`);
  const plan = makePlan(scenario, options.profile);
  const holding = { machine: null as HeldMachine | null };
  const source: MachineSource = {
    take: async (...wish) => {
      const taken = await machines.take(...wish);
      holding.machine = taken;
      return taken;
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const consoleFile = join(real.scratch.path, `${name}.log`);
  const target = new EmulatedTarget({ ...options, machines: source, consoleFile: () => consoleFile });
  return { target: await target.start(plan, never), held: holding.machine as unknown as HeldMachine, plan };
}

const uptimeOf = async ({ watch }: HeldMachine): Promise<number> => (await watch.ping(never, 2_000)).uptime ?? 0;

it("runs one scenario after another on one kernel, whatever the first left open", async () => {
  const first = await start("replace-populated-ioas");
  // Up to where DMA has landed: device, iommufd and controller are in use, and nothing is closed.
  for (const { operation } of first.plan.steps.slice(0, -3)) await first.target.perform(operation, never);
  const uptime = await uptimeOf(first.held);
  await first.target[Symbol.asyncDispose]();
  expect(machines.retired).toEqual([]);
  expect((await readdir(first.held.machine.folder)).filter((file) => file.startsWith("medium"))).toEqual([]);

  const second = await start("replace-same-keeps-dma");
  expect(second.held.machine.pid).toBe(first.held.machine.pid);
  expect(await uptimeOf(second.held)).toBeGreaterThan(uptime);
  expect(second.target.profile.kernelUsedBy).toEqual(["replace-populated-ioas"]);
  const { observation } = await second.target.perform({ op: "look" }, never);
  expect(observation).toMatchObject({
    functions: { a: { driver: null, enabled: true, counters: null } },
    messages: [],
    alarms: [],
  });
  await second.target[Symbol.asyncDispose]();
  expect(machines.retired).toEqual([]);
});

it("runs the next scenario on another kernel where one panicked", async () => {
  const first = await start("replace-same-keeps-dma");
  const log = join(real.scratch.path, "replace-same-keeps-dma.log");
  await first.target.perform({ op: "look" }, never);
  await crashGuest(first.held.machine, never);
  await first.held.machine.ended;
  await expect(first.target[Symbol.asyncDispose]()).rejects.toThrow(/^Cannot trust the last answer/);
  expect(await readFile(log, "utf8")).toContain("Kernel panic");
  expect(machines.retired).toHaveLength(1);

  const second = await start("replace-same-keeps-dma");
  expect(second.target.profile).not.toHaveProperty("kernelUsedBy");
  expect(second.held.machine.pid).not.toBe(first.held.machine.pid);
  // A worker that is in the middle of things can be replaced, too.
  for (const { operation } of second.plan.steps.slice(0, 6)) await second.target.perform(operation, never);
  const { agent, watch } = second.held;
  agent.expectAnother();
  await watch.restart(never, 5_000);
  expect(await agent.waitForHello(never, 5_000)).toEqual(second.held.hello);
  expect(watch.workerEnded.aborted).toBe(false);
  expect((await watch.ping(never, 2_000)).worker.state).toBe("running");
  const { result, functions } = await agent.request("look", {}, never, 5_000);
  expect({ result, functions }).toEqual({ result: "OK", functions: {} });
  await second.target[Symbol.asyncDispose]();
  expect(machines.retired).toHaveLength(1);
});
