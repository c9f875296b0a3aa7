/** Functions of ours behind QEMU's own client, on a real kernel. */
import { expect, it } from "vitest";
import { operationFields, type Operation, type OperationName } from "../../src/operation/operation.ts";
import type { Plan } from "../../src/plan/plan.ts";
import type { Observation } from "../../src/trace/observation.ts";
import type { FunctionProfile } from "../../src/trace/profile.ts";
import { patternPage } from "../agent/pattern.ts";
import { unplugFunction } from "../qemu/plug-function.ts";
import type { StartedEmulatedTarget } from "../target/started-emulated.ts";
import { useMachines } from "../testing/use-machines.ts";
import { defineFunction, type FunctionDefinition } from "./function-definition.ts";

const never = new AbortController().signal;
const w: FunctionProfile = { name: "w", device: "witness", uid: 5, fid: 32 };
const on = { function: "w" };
const iova = "0x100010000";

const machines = useMachines();

/** A machine with function `w`, and buffer `p` of two pages. */
async function start(definition?: FunctionDefinition): Promise<StartedEmulatedTarget> {
  const profile = machines.profileOf([w]);
  const plan: Plan = { scenario: "test", functions: [w], buffers: [{ name: "p", pages: 2 }], steps: [], profile };
  const definitions = definition === undefined ? {} : { definitions: new Map([["w", definition]]) };
  return machines.targetOf(profile, definitions).start(plan, never);
}

const perform = async (target: StartedEmulatedTarget, op: OperationName, fields = {}): Promise<Observation> => {
  const { observation } = await target.perform({ op, ...operationFields[op].parse(fields) } as Operation, never);
  expect({ op, result: observation.result, alarms: observation.alarms }).toEqual({ op, result: "OK", alarms: [] });
  return observation;
};

/** Everything up to a function that may do DMA to what an IOAS maps. */
async function take(target: StartedEmulatedTarget): Promise<void> {
  for (const op of ["bind", "open", "bind-iommufd"] as const) await perform(target, op, on);
  await perform(target, "ioas-alloc", { ioas: "A" });
  await perform(target, "attach", { ...on, to: "A" });
  await perform(target, "bus-master", on);
}

it("serves a function of one's own: one that writes into every page the moment it is mapped", async () => {
  const greeter = defineFunction({
    identity: { vendor: 0x1b36, device: 0x00fd, classCode: 0xff0000 },
    msix: { vectors: 1, bar: 0 },
    onMap: ({ iova: page }, { dma }) => {
      // Not waited for: the answer would wait for itself, for QEMU serves no DMA before it has the answer to the map.
      dma.write(page, patternPage("block:w:7")).catch(() => undefined);
    },
  });
  await using target = await start(greeter);
  await take(target);
  const { memory } = await perform(target, "ioas-map", { ioas: "A", iova, buffer: "p" });
  expect(memory).toEqual({ "p[0]": "block:w:7", "p[1]": "block:w:7" });
});

it("stands still, monitor and all, while the answer to an unmap is held", async () => {
  let release = (): void => undefined;
  let held = (): void => undefined;
  const holding = new Promise<void>((resolve) => {
    held = resolve;
  });
  let answers: string[] = [];
  let dma: Promise<unknown> = Promise.resolve();
  const holder = defineFunction({
    identity: { vendor: 0x1b36, device: 0x00fd, classCode: 0xff0000 },
    msix: { vectors: 1, bar: 0 },
    onUnmap: ({ size }, device) => {
      if (size !== 0x2000n) return;
      answers = [];
      dma = device.dma.read(BigInt(iova), 1).then(
        () => answers.push("dma"),
        () => answers.push("dma refused"),
      );
      held();
      return new Promise<void>((resolve) => {
        release = () => {
          answers.push("released");
          resolve();
        };
      });
    },
  });
  await using target = await start(holder);
  await take(target);
  await perform(target, "ioas-map", { ioas: "A", iova, buffer: "p" });
  const unmapping = perform(target, "ioas-unmap", { ioas: "A", iova, length: "0x2000" }).then(() =>
    answers.push("guest"),
  );
  await holding;
  const monitor = target.machine.qmp.execute("query-status", {}, never).then(() => answers.push("monitor"));
  // Far longer than either takes; nothing says that it will not come.
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(answers).toEqual([]);
  release();
  await Promise.all([unmapping, monitor, dma]);
  expect(answers[0]).toBe("released");
  expect(answers).toHaveLength(4);
  expect(answers).toContain("dma refused");
});

it("takes QEMU with it when it is unplugged; where this fails, docs/discoveries/0006 is history", async () => {
  const target = await start();
  await perform(target, "look");
  // The monitor may or may not still get to say that the device is gone.
  await unplugFunction(target.machine, w, never).catch(() => undefined);
  expect(await target.machine.ended).toMatchObject({
    kind: "exited",
    signal: "SIGABRT",
    stderr: expect.stringContaining("memory_region_del_subregion: Assertion") as string,
  });
  await expect(target[Symbol.asyncDispose]()).rejects.toThrow("SIGABRT");
});
