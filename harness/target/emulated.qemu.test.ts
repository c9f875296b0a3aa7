import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { operationFields, type Operation } from "../../src/operation/operation.ts";
import type { Plan } from "../../src/plan/plan.ts";
import type { FunctionProfile } from "../../src/trace/profile.ts";
import { describeError } from "../errors/describe-error.ts";
import { unplugFunction } from "../qemu/plug-function.ts";
import { crashGuest } from "../testing/crash-guest.ts";
import { useMachines } from "../testing/use-machines.ts";
import { emulatedCommandLine, type EmulatedTargetOptions } from "./emulated-options.ts";
import type { StartedEmulatedTarget } from "./started-emulated.ts";

const never = new AbortController().signal;
const base = "0x100000000";
const a: FunctionProfile = { name: "a", device: "nvme", uid: 5, fid: 32 };
const b: FunctionProfile = { name: "b", device: "virtio-rng", uid: 6, fid: 33 };

const machines = useMachines();
const { profileOf } = machines;

const planFor = (functions: readonly FunctionProfile[], pages = 0): Plan => ({
  scenario: "test",
  functions,
  buffers: pages === 0 ? [] : [{ name: "p", pages }],
  steps: [],
  profile: profileOf(functions),
});

const makeTarget = (options: Partial<EmulatedTargetOptions> = {}) => machines.targetOf(profileOf([]), options);

/** An operation as a scenario gives it, defaults filled in. */
const operation = (op: keyof typeof operationFields, fields: Record<string, unknown> = {}): Operation =>
  ({ op, ...operationFields[op].parse(fields) }) as Operation;

const perform = async (target: StartedEmulatedTarget, op: keyof typeof operationFields, fields = {}) =>
  (await target.perform(operation(op, fields), never)).observation;

it("observes zPCI messages though the kernel's ring of them is full, and goes round", async () => {
  // One page has room for some 46 messages.
  const profile = {
    ...profileOf([]),
    kernel: { ...machines.assets.kernel, commandLine: `${emulatedCommandLine} s390dbf=pci_msg::1` },
  };
  await using target = await makeTarget({ profile }).start(planFor([a]), never);
  for (const op of ["bind", "open", "bind-iommufd"] as const) await perform(target, op, { function: "a" });
  for (let count = 1; count <= 20; count++) {
    const { messages } = await perform(target, "hot-reset", { function: "a" });
    expect({ count, messages }).toEqual({ count, messages: ["a reset", "a disable", "a enable"] });
  }
});

it("takes a function away from a kernel that lets go of it", async () => {
  await using target = await makeTarget().start(planFor([a]), never);
  await unplugFunction(target.machine, a, never);
  const { functions, messages } = await perform(target, "look");
  expect(functions).toEqual({ a: { driver: null, enabled: null, counters: null } });
  expect(messages).toContain("a available 0x303");
});

it("observes a call that never returns, and where in the kernel it stays", async () => {
  await using target = await makeTarget({ limits: { operation: 3_000 } }).start(planFor([a]), never);
  for (const op of ["bind", "open", "bind-iommufd"] as const) await perform(target, op, { function: "a" });
  // The driver waits for its user to let go, and its user waits here.
  const { observation, evidence } = await target.perform(operation("unbind", { function: "a" }), never);
  expect(observation.result).toBe("hang");
  expect(observation.alarms.at(-1)).toMatch(/^hang in (\w+ < )*vfio_unregister_group_dev < /);
  expect(evidence.log.join("\n")).toContain("blocked until released by user");
  await expect(perform(target, "look")).rejects.toThrow('Cannot perform "look": the target is broken');
});

it("observes a panic within 2 s, with what the kernel said", async () => {
  await using target = await makeTarget().start(planFor([a]), never);
  await perform(target, "look");
  const began = performance.now();
  await crashGuest(target.machine, never);
  const { observation, evidence } = await target.perform(operation("look"), never);
  expect(performance.now() - began).toBeLessThan(2_000);
  expect(observation.result).toBe("panic");
  expect(observation.alarms.at(-1)).toMatch(/^Kernel panic - not syncing/);
  expect(evidence.log.join("\n")).toContain("Krnl PSW");
});

it("is no success where the kernel panics after the last answer", async () => {
  const target = await makeTarget().start(planFor([a]), never);
  expect((await perform(target, "look")).result).toBe("OK");
  await crashGuest(target.machine, never);
  await target.machine.ended;
  await expect(target[Symbol.asyncDispose]()).rejects.toThrow(
    /^Cannot trust the last answer: QEMU reported a guest panic/,
  );
});

it("says what the kernel panicked about where it does not boot, and keeps its console", async () => {
  const initramfs = join(machines.parent, "empty.gz");
  const consoleFile = join(machines.parent, "console.log");
  await writeFile(initramfs, gzipSync("no archive"));
  const starting = makeTarget({ initramfs, consoleFile: () => consoleFile }).start(planFor([a]), never);
  await expect(starting).rejects.toThrow(/QEMU reported a guest panic: .*Kernel panic - not syncing: .*mount root/i);
  expect(await readFile(consoleFile, "utf8")).toContain("Kernel panic");
  await Promise.all([rm(initramfs), rm(consoleFile)]);
});

it("passes on QEMU's words where it cannot start, or refuses a function", async () => {
  const error = await makeTarget({ kernel: "/nowhere/bzImage" })
    .start(planFor([a]), never)
    .catch((reason: unknown) => reason);
  expect(describeError(error).join("\n")).toContain("could not load kernel '/nowhere/bzImage'");
  await expect(makeTarget().start(planFor([a, { ...b, uid: 5 }]), never)).rejects.toThrow("uid 5 already in use");
});

it("tells the kernel of a refused write when the device is done with it, however slow its medium is", async () => {
  await using target = await makeTarget().start(planFor([a], 1), never);
  for (const op of ["bind", "open", "bind-iommufd"] as const) await perform(target, op, { function: "a" });
  await perform(target, "ioas-alloc", { ioas: "A" });
  await perform(target, "ioas-map", { ioas: "A", iova: base, buffer: "a.queues" });
  await perform(target, "attach", { function: "a", to: "A" });
  await perform(target, "nvme-enable", { function: "a", iova: base });
  const limits = { bps: 0, bps_rd: 0, bps_wr: 0, iops: 0, iops_rd: 1, iops_wr: 0 };
  await target.machine.qmp.execute("block_set_io_throttle", { id: "function-a", ...limits }, never);
  const write = { function: "a", iova: "0x100010000", block: 1 };
  expect((await perform(target, "dma-write", write)).messages).toEqual(["a error 0x4"]);
  await perform(target, "nvme-enable", { function: "a", iova: base });
  // The second read in a second waits for its turn.
  expect((await perform(target, "dma-write", write)).messages).toEqual(["a error 0x4"]);
});
