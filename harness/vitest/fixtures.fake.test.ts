/** The fixtures of `zpci-hil/vitest` on the model; on a real kernel: fixtures.qemu.test.ts. */
import { existsSync } from "node:fs";
import { describe } from "vitest";
import { quirkyScenarioText } from "../testing/scenario-files.ts";
import { expect, test } from "./index.ts";

test.override({ zhil: { bench: "model" } });

test("performs operations and phrases, and hands back what was observed", async ({ agent, device, guest }) => {
  const observation = await agent.perform({ "take-iommufd": { function: "a" } }, { "ioas-alloc": { ioas: "A" } });
  expect(observation).toMatchObject({ result: "OK", functions: { a: { driver: "vfio-pci" } } });
  expect(await device.perform("attach", { to: "A" })).toMatchObject({ result: "OK" });
  expect(await agent.perform({ "ioas-map": { ioas: "A", iova: "base+0x1000", buffer: "p" } })).toMatchObject({
    result: "OK",
  });
  expect(guest.trace.steps.map(({ operation }) => operation.op)).toEqual([
    ...["bind", "open", "bind-iommufd", "ioas-alloc", "attach", "ioas-map"],
  ]);
  await expect(guest.trace).toMatchModel();
});

test("refuses a step that is none, and goes on", async ({ agent, guest }) => {
  await expect(agent.perform({ attach: { function: "a", to: "A" } })).rejects.toThrow(/unknown|"A"/u);
  await expect(agent.perform({ attahc: {} } as never)).rejects.toThrow('did you mean "attach"?');
  expect(await agent.perform({ bind: { function: "a" } })).toMatchObject({ result: "OK" });
  expect(guest.trace.steps).toHaveLength(1);
});

test("performs what is not awaited in its order", async ({ guest }) => {
  await Promise.all([guest.perform({ bind: { function: "a" } }), guest.perform({ open: { function: "a" } })]);
  expect(guest.trace.steps.map(({ step, operation }) => [step, operation.op])).toEqual([
    [1, "bind"],
    [2, "open"],
  ]);
});

describe("a machine of one's own", () => {
  test.override({ machine: { functions: { x: "virtio-rng", y: "witness" }, buffers: {} } });

  test("has its functions, the first of which is the device", async ({ device, agent }) => {
    expect(device).toMatchObject({ name: "x", device: "virtio-rng" });
    expect((await device.named("y").perform("bind", {})).functions).toMatchObject({
      x: { driver: null },
      y: { driver: "vfio-pci" },
    });
    expect(Object.keys((await agent.perform({ look: {} })).functions)).toEqual(["x", "y"]);
    expect(() => device.named("z")).toThrow('No function "z": the machine has x, y');
  });
});

test("runs whole scenarios: the project's, by name, and one's own, as text", async ({ host, evidence }) => {
  const { record, trace } = await host.run("attach-detach");
  expect(record.verdict).toBe("pass");
  await expect(trace).toMatchModel({ strict: true });
  expect(existsSync(record.evidence)).toBe(true);
  expect(record.evidence.startsWith(evidence)).toBe(true);
  const own = await host.run(quirkyScenarioText);
  expect(own.record.scenario).toBe("quirky");
  await expect(host.run("attach-detahc")).rejects.toThrow('did you mean "attach-detach"?');
});

test("toMatchModel names what is not what the model predicts", async ({ agent, guest }) => {
  await agent.perform({ bind: { function: "a" } }, { open: { function: "a" } });
  const { steps, ...rest } = guest.trace;
  const [bind, open] = steps;
  const wrong = { ...rest, steps: [bind!, { ...open!, observation: { ...open!.observation, result: "EIO" } }] };
  await expect(wrong).not.toMatchModel();
  await expect(expect(wrong).toMatchModel()).rejects.toThrow('step 2 open: result: expected "OK", observed "EIO"');
  await expect(expect(3).toMatchModel()).rejects.toThrow("takes a trace: guest.trace, or that of host.run");
});

test("toMatchTrace lays two traces beside each other", async ({ agent, guest, host }) => {
  await agent.perform({ bind: { function: "a" } }, { open: { function: "a" } });
  const { steps, ...rest } = guest.trace;
  await expect(guest.trace).toMatchTrace({ steps });
  const changed = steps.map((step) => ({
    ...step,
    observation: { ...step.observation, alarms: ["WARNING: at nowhere\u001b[2J"] },
  }));
  await expect(expect({ ...rest, steps: changed }).toMatchTrace(guest.trace)).rejects.toThrow(
    'step 1 bind: alarms: expected [], observed ["WARNING: at nowhere\\u001b[2J"]',
  );
  await expect({ ...rest, steps: steps.slice(1) }).not.toMatchTrace({ steps });
  await expect({ ...rest, steps: steps.slice(0, 1) }).not.toMatchTrace({ steps });
  const run = await host.run("attach-detach");
  await expect(run.trace).toMatchTrace(run.record.evidence);
});
