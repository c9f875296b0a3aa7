import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import type { Operation } from "../../src/operation/operation.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { makePlayground, type BadDay, type Playground } from "../testing/fake-machine.ts";
import { fakePlan } from "../testing/fake-plan.ts";
import { EmulatedTarget } from "./emulated.ts";
import { SharedMachines } from "./shared-machines.ts";
import type { StartedEmulatedTarget } from "./started-emulated.ts";

// Whole programs are started here, on machines that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const attach: Operation = { op: "attach", function: "a", to: "A" };
const never = new AbortController().signal;

/** A run that shares machines: their source, and a way to start a scenario on one of them. */
function share(playground: Playground, day: BadDay, signal = never) {
  const options = playground.makeOptions(day, { operation: 300, ping: 200, plug: 500, start: 1_000 });
  const machines = new SharedMachines(options);
  const start = (scenario: string, plan: Partial<Plan> = {}): Promise<StartedEmulatedTarget> =>
    new EmulatedTarget({
      ...options,
      machines,
      consoleFile: () => join(playground.scratch.path, `${scenario}.log`),
    }).start({ ...fakePlan, ...plan, scenario }, signal);
  return { machines, start };
}

/** Performs an attach as a scenario of its own, and says which process it was in. */
async function performAttach(target: StartedEmulatedTarget): Promise<number> {
  await target.perform(attach, never).catch(() => null);
  await target[Symbol.asyncDispose]().catch(() => null);
  return target.machine.pid;
}

it.concurrent("has one machine serve one scenario after another, and says which came before", async () => {
  await using playground = await makePlayground();
  const { machines, start } = share(playground, {});
  const first = await start("first");
  expect(first.profile).not.toHaveProperty("kernelUsedBy");
  const pid = await performAttach(first);
  // Nothing of a scenario is left in the machine's folder.
  expect((await readdir(first.machine.folder)).filter((file) => !file.endsWith(".sock"))).toEqual(["console.log"]);
  const second = await start("second");
  expect(second.machine.pid).toBe(pid);
  expect(second.profile.kernelUsedBy).toEqual(["first"]);
  expect((await second.perform(attach, never)).observation.functions).toHaveProperty("a");
  await second[Symbol.asyncDispose]();
  expect(machines.retired).toEqual([]);
  await machines[Symbol.asyncDispose]();
  expect(await readFile(join(playground.scratch.path, "first.log"), "utf8")).toContain("Linux version");
  expect(await readFile(join(playground.scratch.path, "second.log"), "utf8")).toBe("");
});

it.concurrent("uses no machine again that had a function of ours, which QEMU does not live to see unplugged", async () => {
  await using playground = await makePlayground();
  const { machines, start } = share(playground, {});
  await performAttach(await start("one", { functions: [{ name: "a", device: "witness", uid: 5, fid: 32 }] }));
  expect(machines.retired).toEqual([
    { served: ["one"], why: 'QEMU does not survive the unplugging of "a", a vfio-user function' },
  ]);
  await machines[Symbol.asyncDispose]();
  await playground.expectNothingLeft();
});

it.concurrent("has as many machines as there are scenarios at a time", async () => {
  await using playground = await makePlayground();
  const { machines, start } = share(playground, {});
  const both = await Promise.all([start("one"), start("two")]);
  const pids = await Promise.all(both.map(performAttach));
  expect(new Set(pids).size).toBe(2);
  const later = await Promise.all([start("three"), start("four")]);
  expect(later.map((each) => each.profile.kernelUsedBy?.length)).toEqual([1, 1]);
  expect(new Set(await Promise.all(later.map(performAttach)))).toEqual(new Set(pids));
  await machines[Symbol.asyncDispose]();
  await playground.expectNothingLeft();
});

it.concurrent("lends a machine to those alone whose kernel is told the same", async () => {
  await using playground = await makePlayground();
  const { machines, start } = share(playground, {});
  const { profile } = fakePlan;
  const { kernel } = profile;
  const told = { ...profile, kernel: { ...kernel, commandLine: `${kernel.commandLine} iommu.strict=1` } };
  const pid = await performAttach(await start("first"));
  const strict = await start("strict", { profile: told });
  expect(strict.profile.kernel.commandLine).toBe(told.kernel.commandLine);
  expect(strict.profile).not.toHaveProperty("kernelUsedBy");
  const other = await performAttach(strict);
  expect(other).not.toBe(pid);
  expect(await performAttach(await start("strict again", { profile: told }))).toBe(other);
  expect(await performAttach(await start("second"))).toBe(pid);
  await machines[Symbol.asyncDispose]();
  await playground.expectNothingLeft();
});

it.concurrent.each<[string, BadDay, RegExp]>([
  ["panics", { on: { attach: "panic" } }, /its guest panicked/],
  ["hangs", { on: { attach: "hang" } }, /Waited 0.3 s for the agent's answer to "attach"/],
  ["gives no answer", { on: { attach: "nonsense" } }, /result/],
  ["ends its worker", { on: { attach: "worker-dies" } }, /was killed by signal 11/],
  ["panics after its answer", { on: { attach: "panic-after" } }, /Cannot trust the last answer/],
  ["warns after its answer", { on: { attach: "warns" } }, /again: WARNING: drivers\/vfio\/vfio_main.c/],
  ["does not let go of what is open", { on: { quit: "idle" } }, /Waited 0.3 s for the agent's answer to "quit"/],
  ["cannot close what is open", { on: { quit: "EIO" } }, /the worker's end gave EIO/],
  ["keeps a function", { unplug: "never" }, /Waited 0.5 s for .*DEVICE_DELETED/],
  ["keeps a worker that ended", { restart: "never" }, /Waited 1 s for the supervisor's answer/],
  ["has a new worker that stays silent", { restart: "stays-silent" }, /Waited 1 s for the agent's hello/],
  ["ends the new worker", { restart: "dies" }, /was killed by signal 11/],
  ["panics while it is tidied up", { on: { quit: "panic" } }, /closed it/],
])("does not use a machine again whose guest %s", async (_, day, why) => {
  await using playground = await makePlayground();
  const { machines, start } = share(playground, day);
  const first = await start("first");
  const pid = await performAttach(first);
  const second = await start("second");
  expect(second.machine.pid).not.toBe(pid);
  expect(second.profile).not.toHaveProperty("kernelUsedBy");
  expect(machines.retired).toEqual([{ served: ["first"], why: expect.stringMatching(why) as string }]);
  await performAttach(second);
  await machines[Symbol.asyncDispose]();
  await playground.expectNothingLeft();
});

it.concurrent("does not use a machine again that it was told to distrust, nor one that could not be set up", async () => {
  await using playground = await makePlayground();
  const { machines, start } = share(playground, {});
  const first = await start("first");
  first.distrust("it lied");
  await performAttach(first);
  expect(machines.retired).toEqual([{ served: ["first"], why: "it lied" }]);

  const broken = share(playground, { on: { "define-buffer": "ENOMEM" } });
  await expect(broken.start("first")).rejects.toThrow("Cannot set up the machine");
  expect(broken.machines.retired).toEqual([{ served: ["first"], why: "it could not be set up" }]);
  await playground.expectNothingLeft();
});

it.concurrent("does not use a machine again that ended while nobody held it", async () => {
  await using playground = await makePlayground();
  const { machines, start } = share(playground, {});
  const first = await start("first");
  const pid = await performAttach(first);
  process.kill(pid, "SIGKILL");
  await first.machine.ended;
  const second = await start("second");
  expect(second.machine.pid).not.toBe(pid);
  expect(machines.retired).toMatchObject([{ served: ["first"], why: expect.stringContaining("closed") as string }]);
  await performAttach(second);
  await machines[Symbol.asyncDispose]();
  await playground.expectNothingLeft();
});

it.concurrent("ends a machine at once where the run is called off", async () => {
  await using playground = await makePlayground();
  const controller = new AbortController();
  const { machines, start } = share(playground, { on: { quit: "idle" } }, controller.signal);
  const first = await start("first");
  await first.perform(attach, never);
  controller.abort(new Error("called off"));
  await first[Symbol.asyncDispose]();
  expect(machines.retired).toEqual([{ served: ["first"], why: "called off" }]);
  await playground.expectNothingLeft();
});
