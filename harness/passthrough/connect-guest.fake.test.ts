import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ResourceScope } from "../lifecycle/resource-scope.ts";
import type { StartedQemu } from "../qemu/started-qemu.ts";
import { deviceId } from "../qemu/device.ts";
import { SshClient } from "../ssh/ssh-client.ts";
import { makeFakeGuest, type FakeGuest } from "../testing/fake-guest.ts";
import { startFakeSshHost, type FakeSshHost } from "../testing/fake-ssh-host.ts";
import type { AgentAnswer } from "../agent/answers.ts";
import { connectGuest, type ConnectedGuest } from "./connect-guest.ts";
import { endings } from "./end-guest.ts";
import { limitEntries } from "./limit-entries.ts";
import { passFunction } from "./pass-function.ts";
import { performOnHost } from "./perform-on-host.ts";
import { startHostAgent } from "./reach-host.ts";

const { signal } = new AbortController();
const profile = { name: "a", device: "nvme", uid: 1, fid: 0x20 } as const;

let folder: string;
let scope: ResourceScope;
let outerCommands: unknown[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zhil-guest-"));
  scope = new ResourceScope();
  outerCommands = [];
});
afterEach(async () => {
  await scope[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** The machine that the host is: as much of it as takes part. */
const makeOuter = (): StartedQemu => {
  const execute = (command: string, fields: unknown): Promise<unknown> => {
    outerCommands.push([command, fields]);
    return Promise.resolve({});
  };
  const never = new Promise<never>(() => undefined);
  return { pid: 1, folder, qmp: { execute }, ended: never } as unknown as StartedQemu;
};

interface Connected {
  readonly client: SshClient;
  readonly fake: FakeSshHost;
  readonly guest: ConnectedGuest;
  readonly outer: StartedQemu;
}

async function connect(fakeGuest: FakeGuest): Promise<Connected> {
  const fake = scope.use("fake host", await startFakeSshHost(fakeGuest.behaviour));
  const client = scope.use("connection", await SshClient.connect(fake.host, signal));
  const outer = makeOuter();
  const guest = await connectGuest({ client, outer, boot: 5_000, scope, signal });
  return { client, fake, guest, outer };
}

it("comes to monitor, console and agent of a guest through its host", async () => {
  const fakeGuest = makeFakeGuest();
  const { guest } = await connect(fakeGuest);
  expect(guest.hello.kernel).toBe("7.2.13");
  expect(guest.machine.version).toBe("11.1.3");
  expect(fakeGuest.asked).toEqual(["qmp qmp_capabilities", "guest seed"]);
  fakeGuest.print("said on the console\n");
  await expect.poll(() => guest.machine.console.textFrom(0)).toBe("said on the console\n");
});

it("knows that a guest was stopped, that it panicked, and that its host is gone", async () => {
  const first = makeFakeGuest();
  const { guest } = await connect(first);
  expect(guest.stopped.aborted).toBe(false);
  first.tell({ event: "STOP" });
  await expect.poll(() => guest.stopped.aborted).toBe(true);
  first.print("Kernel panic - not syncing\n");
  await expect.poll(() => guest.machine.console.position).toBeGreaterThan(0);
  first.tell({ event: "GUEST_PANICKED", data: { action: "pause" } });
  expect(await guest.machine.ended).toEqual({ kind: "panicked", console: "Kernel panic - not syncing\n" });

  const { guest: other, client } = await connect(makeFakeGuest());
  client[Symbol.dispose]();
  expect(await other.machine.ended).toMatchObject({ kind: "exited", stderr: "its monitor closed" });
});

it("passes a function through: into the host, to vfio-pci, into the guest, each by its own numbers", async () => {
  const fakeGuest = makeFakeGuest();
  const { client, guest, outer } = await connect(fakeGuest);
  const hostAgent = await startHostAgent(client, scope, signal);
  for (const backend of ["iommufd", "container"] as const) {
    await passFunction({ outer, guest: guest.machine, hostAgent, backend }, profile, { scope }, signal);
  }
  expect(fakeGuest.asked.slice(2, 8)).toEqual([
    "run /run/zhil/agent",
    "host seed",
    "host define-function",
    "host bind",
    "qmp device_add",
    "qmp device_add",
  ]);
  const vfio = { driver: "vfio-pci", id: "function-a", host: "0101:00:00.0" };
  const zpci = { driver: "zpci", id: "zpci-a", uid: 1, fid: 0x20, target: "function-a" };
  expect(fakeGuest.commands).toEqual([zpci, { ...vfio, iommufd: "iommufd0" }, zpci, vfio]);
  expect(outerCommands).toContainEqual([
    "device_add",
    { driver: "zpci", id: "zpci-a", uid: 0x101, fid: 0x120, target: "function-a" },
  ]);
});

it("performs on the host what happens there, and takes a function away by the machine that the host is", async () => {
  const fakeGuest = makeFakeGuest({ asked: "host unbind", result: "EBUSY" });
  const { client, outer } = await connect(fakeGuest);
  const hostAgent = await startHostAgent(client, scope, signal);
  const parts = { outer, hostAgent, functions: [profile] };
  const perform = (op: "host-reset" | "host-unbind" | "host-unplug"): Promise<AgentAnswer> =>
    performOnHost(parts, { op, function: "a" }, signal);
  expect((await perform("host-reset")).result).toBe("OK");
  expect((await perform("host-unbind")).result).toBe("EBUSY");
  await perform("host-unplug");
  expect(fakeGuest.asked.slice(-3)).toEqual(["host sysfs-reset", "host unbind", "host look"]);
  expect(outerCommands).toEqual([["device_del", { id: "function-a" }]]);
  await expect(performOnHost(parts, { op: "host-unplug", function: "z" }, signal)).rejects.toThrow('no function "z"');
});

it("limits the host's entries, and says where it does not take that", async () => {
  const { client } = await connect(makeFakeGuest());
  await limitEntries(client, 8, signal);
  const { client: other } = await connect(makeFakeGuest({ asked: "run", result: "" }));
  await expect(limitEntries(other, 8, signal)).rejects.toThrow("Cannot limit the host's containers to 8 entries");
});

it("ends a guest, and waits for the host to have its functions back", async () => {
  const fakeGuest = makeFakeGuest();
  const { client, guest } = await connect(fakeGuest);
  const hostAgent = await startHostAgent(client, scope, signal);
  const open = { driver: "vfio-pci", handle: "0x80000001", counters: [1, 0, 0, 1, 0] };
  fakeGuest.show({ a: open }, { a: open }, { a: { ...open, counters: null } });
  const seen = await endings["guest-kill"]({ guest: guest.machine, hostAgent, functions: [profile] }, signal);
  expect(seen.functions["a"]?.counters).toBeNull();
  expect(fakeGuest.asked.slice(-4)).toEqual(["qmp quit", "host look", "host look", "host look"]);
});

it.each([
  ["leaves it what it still has", [deviceId(profile), "zpci-a"], ["host look"]],
  ["waits for the host to have what it has lost", ["zpci-b"], ["host look", "host look"]],
])("resets a guest's machine while it stands still, and %s", async (_, devices, looks) => {
  const fakeGuest = makeFakeGuest(undefined, devices);
  const { client, guest } = await connect(fakeGuest);
  const hostAgent = await startHostAgent(client, scope, signal);
  const open = { driver: "vfio-pci", handle: "0x80000001", counters: [1, 1, 0, 1, 0] };
  fakeGuest.show({ a: open }, { a: { ...open, counters: null } });
  await endings["guest-reset"]({ guest: guest.machine, hostAgent, functions: [profile] }, signal);
  const asked = ["qmp stop", "qmp set-action", "qmp system_reset", "qmp qom-list", ...looks];
  expect(fakeGuest.asked.slice(-asked.length)).toEqual(asked);
  expect(fakeGuest.commands).toEqual([{ reboot: "reset" }]);
});

it("says what the host would not do, and has the guest given nothing", async () => {
  const fakeGuest = makeFakeGuest({ asked: "host bind", result: "EBUSY" });
  const { client, guest, outer } = await connect(fakeGuest);
  const hostAgent = await startHostAgent(client, scope, signal);
  const passage = { outer, guest: guest.machine, hostAgent, backend: "iommufd" } as const;
  await expect(passFunction(passage, profile, { scope }, signal)).rejects.toThrow(
    'Cannot pass the function through: "bind" of {"function":"a"} gave EBUSY on the host',
  );
  expect(fakeGuest.commands).toEqual([]);
});
