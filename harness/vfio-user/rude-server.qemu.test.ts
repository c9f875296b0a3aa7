/** What QEMU's client does not survive of a server. Where one of these fails, docs/discoveries/0015 is history. */
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Plan } from "../../src/plan/plan.ts";
import type { FunctionProfile } from "../../src/trace/profile.ts";
import { plugCommands } from "../qemu/device.ts";
import { useMachines } from "../testing/use-machines.ts";
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

const machines = useMachines();

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
  const empty = machines.profileOf([]);
  const plan: Plan = { scenario: "rude", functions: [], buffers: [], steps: [], profile: empty };
  const target = await machines.targetOf(empty).start(plan, never);
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
