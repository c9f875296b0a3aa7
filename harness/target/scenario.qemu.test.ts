/** A scenario, step by step, on a real kernel. */
import { describe } from "vitest";
import { expect, test } from "../vitest/index.ts";

const queues = "base";
const page0 = "base+0x10000";
const page1 = "base+0x11000";

describe("two functions, and four pages", () => {
  test.override({ machine: { functions: { a: "nvme", b: "virtio-rng" }, buffers: { p: 4 } } });

  test("performs a scenario on a real kernel, with real DMA as the witness", async ({
    agent,
    device,
    guest,
    bench,
  }) => {
    expect(await agent.perform({ look: {} })).toEqual({
      result: "OK",
      values: {},
      functions: {
        a: { driver: null, enabled: true, counters: null },
        b: { driver: null, enabled: true, counters: null },
      },
      messages: [],
      memory: {},
      blocks: {},
      alarms: [],
    });
    expect(guest.profile).toMatchObject({
      kernel: { version: bench.profile.kernel.version },
      qemu: { version: bench.profile.qemu.version },
    });
    expect((await device.perform("bind", {})).functions["a"]?.driver).toBe("vfio-pci");
    await device.perform("open", {});
    expect(await device.perform("bind-iommufd", {})).toMatchObject({ result: "OK", values: {} });
    await agent.perform(
      { "ioas-alloc": { ioas: "A" } },
      { "ioas-map": { ioas: "A", iova: queues, buffer: "a.queues" } },
      { "ioas-map": { ioas: "A", iova: page0, buffer: "p" } },
    );
    expect(await device.perform("attach", { to: "A" })).toMatchObject({
      result: "OK",
      values: { pt: "auto:1" },
      functions: { a: { counters: { mapped: 8, unmapped: 0, syncRpcits: 0 } } },
    });
    expect(await device.perform("nvme-enable", { iova: queues })).toMatchObject({ values: { state: "ready" } });
    expect(await device.perform("nvme-identify", { iova: page0 })).toMatchObject({
      memory: { "p[0]": "identify:a" },
    });
    expect(await device.perform("dma-write", { iova: page1, block: 3 })).toMatchObject({
      values: { completion: "success" },
      memory: { "p[1]": "block:a:3" },
      blocks: {},
    });
    expect(await agent.perform({ fill: { buffer: "p", page: 0, with: "hello" } })).toMatchObject({
      memory: { "p[0]": "hello" },
    });
    expect(await device.perform("dma-read", { iova: page0, block: 7 })).toMatchObject({
      memory: {},
      blocks: { "a:7": "hello" },
    });
    expect(await device.perform("hot-reset-info", {})).toMatchObject({ values: { devices: ["a"] } });
    await agent.perform({ "ioas-unmap": { ioas: "A", iova: page0, length: "0x4000" } });
    expect(await device.perform("dma-write", { iova: page1, block: 4 })).toMatchObject({
      result: "OK",
      messages: ["a error 0x4"],
      memory: {},
    });
    await device.perform("detach", {});
    expect(await device.perform("hot-reset", {})).toMatchObject({
      messages: ["a reset", "a disable", "a enable"],
      alarms: [],
    });
    await expect(guest.trace).toMatchModel();
  });
});

test("comes to the same again on another clone, and by the same scenario as a file", async ({ host }) => {
  const one = await host.run("attach-detach");
  const other = await host.run("attach-detach");
  expect(one.record).toMatchObject({ verdict: "pass", profile: { bench: "emulated" } });
  await expect(one.trace).toMatchTrace(other.trace);
  await expect(one.trace).toMatchModel({ strict: true });
});
