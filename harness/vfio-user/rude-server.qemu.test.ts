/** What QEMU's client does not survive of a server. Where one of these fails, docs/discoveries/0015 is history. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Plan } from "../../src/plan/plan.ts";
import type { FunctionProfile } from "../../src/trace/profile.ts";
import type { Assets } from "../assets/assets.ts";
import { prepareAssets } from "../assets/prepare-assets.ts";
import { createScratch, type Scratch } from "../lifecycle/scratch.ts";
import { plugCommands } from "../qemu/device.ts";
import { describeMachineOn } from "../run/emulated-bench.ts";
import { EmulatedTarget } from "../target/emulated.ts";
import { defineFunction } from "./function-definition.ts";
import { decode, encode } from "./layout.ts";
import { messages } from "./messages.ts";
import { serveFunction, type Tamper } from "./serve-function.ts";

const never = new AbortController().signal;
const profile: FunctionProfile = { name: "w", device: "witness", uid: 5, fid: 32 };
const sound = defineFunction({
  identity: { vendor: 0x1b36, device: 0x00fd, classCode: 0xff0000 },
  bars: { 0: { size: 4096 } },
  msix: { vectors: 1, bar: 1 },
});

let assets: Assets;
let parent: string;
let scratch: Scratch;
beforeAll(async () => {
  assets = await prepareAssets({ report: () => undefined, signal: never });
  parent = await mkdtemp(join(tmpdir(), "zt-"));
  scratch = await createScratch({ parent });
});
afterAll(async () => {
  await scratch[Symbol.asyncDispose]();
  expect(await readdir(parent)).toEqual([]);
  await rm(parent, { recursive: true });
});

/** A BAR of that many bytes, whatever the function has. */
const withBarOf =
  (size: bigint): Tamper =>
  (name, payload, answer) => {
    if (name !== "VFIO_USER_DEVICE_GET_REGION_INFO") return answer();
    const { request, reply } = messages[name];
    const { argsz, index } = decode(name, request, payload);
    return index === 0 ? encode(reply, { argsz, flags: 3, index, capOffset: 0, size, offset: 0n }) : answer();
  };

it.each([
  ["is no power of two", 6144n],
  ["is 3 GiB", 3n * 2n ** 30n],
])("ends with an assertion where the size of a BAR %s", async (_, size) => {
  const machine = await describeMachineOn(assets);
  const plan: Plan = {
    ...{ scenario: "rude", functions: [], buffers: [], steps: [] },
    profile: { ...machine.profile, functions: [] },
  };
  const target = await new EmulatedTarget({ ...machine, scratch }).start(plan, never);
  const path = join(target.machine.folder, "rude.sock");
  await using served = await serveFunction(sound, path, withBarOf(size));
  const plugging = plugCommands(profile, path).map(({ execute, arguments: fields }) =>
    target.machine.qmp.execute(execute, fields, never).catch(() => undefined),
  );
  expect(await target.machine.ended).toMatchObject({
    kind: "exited",
    signal: "SIGABRT",
    stderr: expect.stringContaining("pci_register_bar: Assertion `is_power_of_2(size)' failed") as string,
  });
  await Promise.all(plugging);
  await expect(target[Symbol.asyncDispose]()).rejects.toThrow("SIGABRT");
  expect(served.failure).toBeNull();
});
