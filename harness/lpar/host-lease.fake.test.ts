import { mkdirSync, symlinkSync, utimesSync } from "node:fs";
import { expect, it } from "vitest";
import { FencedError } from "../errors/harness-error.ts";
import { startFakeRealHost, type FakeRealHost } from "../testing/fake-real-host.ts";
import { HostAgent, makeHostFolder, sendAgent } from "./host-agent.ts";
import { HostLease, leaseSeconds, releaseHost, type LeasePlace } from "./host-lease.ts";
import { HostSession } from "./host-session.ts";

const { signal } = new AbortController();
const limit = 5_000;

interface Held extends LeasePlace {
  readonly fake: FakeRealHost;
  readonly start: (token: number) => Promise<HostAgent>;
}

async function withHost(test: (held: Held) => Promise<void>): Promise<void> {
  await using fake = await startFakeRealHost();
  using session = new HostSession(fake.real.host);
  const { config } = fake.real;
  const connect: LeasePlace["connect"] = (until) => session.connect(until);
  const place = { client: await connect(signal), config, signal };
  await makeHostFolder(place);
  await test({ fake, config, connect, start: (token) => HostAgent.start(token, true, place) });
}

const take = (place: LeasePlace): Promise<HostLease> => HostLease.take(place, [0x20], signal);

/** Takes a function as a run does that is killed then: its heart beats no more. */
async function crash(held: Held, secondsAgo = leaseSeconds + 1): Promise<HostLease> {
  const { fake, start, config, connect } = held;
  using lease = await take(held);
  await sendAgent(fake.agent, { client: await connect(signal), config, signal });
  await lease.clear(signal);
  await using agent = await start(lease.token);
  await agent.request("define-function", { function: "a", address: "0001:00:00.0", fid: 0x20 }, signal, limit);
  await agent.request("bind", { function: "a" }, signal, limit);
  expect(fake.drivers()["0x00000020"]).toBe("vfio-pci");
  const beat = Date.now() / 1000 - secondsAgo;
  utimesSync(fake.path("var/tmp/zhil/lease"), beat, beat);
  return lease;
}

it("has one holder at a time, who is named to others, and gives functions back with drivers and overrides", async () => {
  await withHost(async (held) => {
    const { fake } = held;
    fake.put("sys/bus/pci/devices/0001:00:00.0/driver_override", "nvme\n");
    const lease = await take(held);
    await expect(take(held)).rejects.toThrow(/are in use: ".*@.*" has them, \d s ago/u);
    await lease.clear(signal);
    expect(fake.drivers()).toMatchObject({ "0x00000020": null, "0x00000021": "nvme", "0x00000099": "mlx5_core" });
    expect((await lease.giveBack(signal)).functions).toEqual(["0x00000020, driver nvme"]);
    expect(fake.get("sys/bus/pci/devices/0001:00:00.0/driver_override")).toBe("nvme\n");
    expect(fake.drivers()["0x00000020"]).toBe("nvme");
    const next = await take(held);
    expect(next.token).toBe(lease.token + 1);
    await next.giveBack(signal);
  });
});

it("is put back by the next run where one was killed, who does nothing any more when it wakes up", async () => {
  await withHost(async (held) => {
    const killed = await crash(held);
    const next = await take(held);
    expect(next.found.functions).toEqual(["0x00000020, driver nvme"]);
    expect(next.token).toBeGreaterThan(killed.token);
    const { config, connect, fake, start } = held;
    await sendAgent(fake.agent, { client: await connect(signal), config, signal });
    await expect(killed.clear(signal)).rejects.toThrow(FencedError);
    await expect(start(killed.token)).rejects.toThrow(FencedError);
    await expect(killed.giveBack(signal)).rejects.toThrow(FencedError);
    expect(fake.drivers()["0x00000020"]).toBe("nvme");
    await next.giveBack(signal);
  });
});

it("is put back by a release where nobody comes next, but not under a run that beats", async () => {
  await withHost(async (held) => {
    await crash(held, 5);
    await expect(releaseHost(held, leaseSeconds, signal)).rejects.toThrow(/are in use/u);
    expect(held.fake.drivers()["0x00000020"]).toBe("vfio-pci");
    expect((await releaseHost(held, 0, signal)).functions).toEqual(["0x00000020, driver nvme"]);
    expect(held.fake.drivers()["0x00000020"]).toBe("nvme");
    expect((await releaseHost(held, leaseSeconds, signal)).functions).toEqual([]);
  });
});

it("lets nobody have functions whose agent still runs, however long ago its run beat", async () => {
  await withHost(async (held) => {
    const killed = await crash(held);
    await using agent = await held.start(killed.token);
    await expect(take(held)).rejects.toThrow(/are in use/u);
    await agent.request("look", {}, signal, limit);
  });
});

/** A run that is gone, and whose agent is not: its heart beats no more. Its process there is `program`. */
async function leaveAgent({ fake, start, config, connect }: Held, program: string): Promise<HostAgent> {
  using lease = await take({ config, connect });
  await sendAgent(fake.agent, { client: await connect(signal), config, signal });
  await lease.clear(signal);
  const agent = await start(lease.token);
  await agent.request("define-function", { function: "a", address: "0001:00:00.0", fid: 0x20 }, signal, limit);
  await agent.request("bind", { function: "a" }, signal, limit);
  const beat = Date.now() / 1000 - leaseSeconds - 1;
  utimesSync(fake.path("var/tmp/zhil/lease"), beat, beat);
  const pid = fake.get("var/tmp/zhil/pid")?.trim() ?? "";
  mkdirSync(fake.path(`proc/${pid}`));
  symlinkSync(fake.path(program), fake.path(`proc/${pid}/exe`));
  return agent;
}

it("is put back by a release that ends the agent of a run that is gone", async () => {
  await withHost(async (held) => {
    await using agent = await leaveAgent(held, "var/tmp/zhil/agent");
    expect((await releaseHost(held, leaseSeconds, signal)).functions).toEqual(["0x00000020, driver nvme"]);
    expect(held.fake.drivers()["0x00000020"]).toBe("nvme");
    expect(held.fake.get("var/tmp/zhil/lease")).toBeNull();
    await expect(agent.request("look", {}, signal, limit)).rejects.toThrow(/closed|ended|gone/u);
  });
});

it("ends no process of another program, whatever number the agent's file has", async () => {
  await withHost(async (held) => {
    await using agent = await leaveAgent(held, "usr/bin/somebodys");
    // Nobody waits for ten seconds here.
    held.fake.rewrite = (script) => script.replaceAll("flock -w 10 9", "flock -w 1 9");
    await expect(releaseHost(held, leaseSeconds, signal)).rejects.toThrow(/are in use/u);
    expect(held.fake.drivers()["0x00000020"]).toBe("vfio-pci");
    await agent.request("look", {}, signal, limit);
  });
});

it("keeps what it cannot put back for another time, and says what that is", async () => {
  await withHost(async (held) => {
    await crash(held);
    held.fake.put("unwilling", "");
    await expect(releaseHost(held, leaseSeconds, signal)).rejects.toThrow(
      "0x00000020 it has driver none and had nvme",
    );
    await expect(take(held)).rejects.toThrow("0x00000020 it has driver none and had nvme");
    held.fake.put("unwilling", null);
    expect((await releaseHost(held, leaseSeconds, signal)).functions).toEqual(["0x00000020, driver nvme"]);
  });
});

it("touches nothing for a lease of before a boot", async () => {
  await withHost(async (held) => {
    await crash(held);
    held.fake.put("proc/sys/kernel/random/boot_id", "22222222-2222-4222-8222-222222222222\n");
    expect(await releaseHost(held, 0, signal)).toEqual({ functions: [], rebooted: true });
    expect(held.fake.drivers()["0x00000020"]).toBe("vfio-pci");
  });
});
