/** DMA inside operations, on a real kernel: what it is served by, and what becomes of it where something goes wrong. */
import { readdir } from "node:fs/promises";
import { expect, it, onTestFinished, vi } from "vitest";
import type { PointName } from "../../src/operation/points.ts";
import { operationFields, type Operation, type OperationName } from "../../src/operation/operation.ts";
import type { Plan } from "../../src/plan/plan.ts";
import type { Observation } from "../../src/trace/observation.ts";
import type { FunctionProfile } from "../../src/trace/profile.ts";
import { findProcesses } from "../testing/find-processes.ts";
import { useMachines } from "../testing/use-machines.ts";
import { ServedFunctions } from "./served-functions.ts";
import type { StartedEmulatedTarget } from "./started-emulated.ts";

const never = new AbortController().signal;
const w: FunctionProfile = { name: "w", device: "witness", uid: 5, fid: 32 };
const on = { function: "w" };
const iova = "0x100010000";
const unmap = { ioas: "A", iova, length: "0x1000" };

const machines = useMachines();

const operationOf = (op: OperationName, fields: object, ...at: readonly PointName[]): Operation =>
  ({
    ...{ op, ...operationFields[op].parse(fields) },
    ...(at.length === 0
      ? {}
      : { during: at.map((each, block) => ({ at: each, operation: { op: "dma-write", ...on, iova, block } })) }),
  }) as Operation;

const perform = async (target: StartedEmulatedTarget, operation: Operation): Promise<Observation> =>
  (await target.perform(operation, never)).observation;

/** A machine whose function `w` may do DMA to what is mapped at `iova`. */
async function start(): Promise<StartedEmulatedTarget> {
  const profile = machines.profileOf([w]);
  const plan: Plan = { scenario: "test", functions: [w], buffers: [{ name: "p", pages: 1 }], steps: [], profile };
  const target = await machines.targetOf(profile).start(plan, never);
  const steps: (readonly [OperationName, object])[] = [
    ["bind", on],
    ["open", on],
    ["bind-iommufd", on],
    ["ioas-alloc", { ioas: "A" }],
    ["attach", { ...on, to: "A" }],
    ["bus-master", on],
    ["ioas-map", { ioas: "A", iova, buffer: "p" }],
  ];
  for (const [op, fields] of steps) expect((await perform(target, operationOf(op, fields))).result).toBe("OK");
  return target;
}

const statusOf = async ({ machine }: StartedEmulatedTarget): Promise<unknown> =>
  ((await machine.qmp.execute("query-status", {}, never)) as { status: unknown }).status;

/** What QEMU's character devices are connected to. */
const connectionsOf = async ({ machine }: StartedEmulatedTarget): Promise<string[]> =>
  ((await machine.qmp.execute("query-chardev", {}, never)) as { filename: string }[]).map(({ filename }) => filename);

it("is served while no processor executes anything, and the monitor answers", async () => {
  await using target = await start();
  const statuses: unknown[] = [];
  let stops = 0;
  target.machine.qmp.subscribe(({ event }) => {
    if (event === "STOP") stops += 1;
  });
  // The monitor is asked before any DMA is: a machine that went on meanwhile would say so.
  const doDma = Reflect.get(ServedFunctions.prototype, "perform");
  const spied = vi.spyOn(ServedFunctions.prototype, "perform").mockImplementation(async function askFirst(
    this: ServedFunctions,
    operation,
  ) {
    statuses.push(await statusOf(target));
    const done = doDma.call(this, operation);
    if (done === null) throw new Error("nobody does the DMA");
    return done;
  });
  onTestFinished(() => {
    spied.mockRestore();
  });
  const points = ["before-invalidate", "before-flush", "after-flush"] as const;
  const { result, values, memory } = await perform(target, operationOf("ioas-unmap", unmap, ...points));
  expect({ result, values, memory }).toEqual({
    result: "OK",
    values: { length: "0x1000", during: ["success", "success", "refused"] },
    memory: { "p[0]": "block:w:1" },
  });
  expect(statuses).toEqual(points.map(() => "debug"));
  // By the connection, at the points, and on the way from the second to the third no more.
  expect(stops).toBe(1 + points.length);
});

it("leaves no gdbstub behind, reached or not", async () => {
  await using target = await start();
  const missed = operationOf("ioas-unmap", { ...unmap, iova: "0x100020000" }, "before-flush", "after-flush");
  expect((await perform(target, missed)).values).toEqual({ during: ["not reached", "not reached"] });
  expect((await perform(target, operationOf("detach", on, "before-unregister"))).values).toEqual({
    during: ["success"],
  });
  expect(await statusOf(target)).toBe("running");
  const connections = await connectionsOf(target);
  expect(connections.filter((name) => name.includes("gdb.sock"))).toEqual([]);
  expect((await perform(target, operationOf("attach", { ...on, to: "A" }, "before-register"))).result).toBe("OK");
  // One that is connected to nothing stays from the first time on, for what a debugger would tell the monitor.
  expect(await connectionsOf(target)).toHaveLength(connections.length);
  expect((await readdir(target.machine.folder)).filter((name) => name.startsWith("gdb"))).toEqual([]);
});

it("is an error with QEMU's end for its reason where QEMU is killed while its guest stands still", async () => {
  const target = await start();
  let stops = 0;
  target.machine.qmp.subscribe(({ event }) => {
    if (event !== "STOP") return;
    stops += 1;
    if (stops === 2) process.kill(target.machine.pid, "SIGKILL");
  });
  const operation = operationOf("ioas-unmap", unmap, "before-flush", "after-flush");
  await expect(target.perform(operation, never)).rejects.toThrow('Cannot perform "ioas-unmap": QEMU');
  await target[Symbol.asyncDispose]().catch(() => undefined);
  expect(await findProcesses(machines.parent)).toEqual([]);
});

it("ends at once where the run is called off while the guest stands still", async () => {
  const target = await start();
  const calledOff = new AbortController();
  let stops = 0;
  target.machine.qmp.subscribe(({ event }) => {
    if (event !== "STOP") return;
    stops += 1;
    if (stops === 2) calledOff.abort(new Error("called off"));
  });
  const operation = operationOf("ioas-unmap", unmap, "before-invalidate", "before-flush", "after-flush");
  await expect(target.perform(operation, calledOff.signal)).rejects.toThrow("called off");
  await target[Symbol.asyncDispose]().catch(() => undefined);
  expect(await findProcesses(machines.parent)).toEqual([]);
});

it("has a reset ended before the event in it is handled, every time", async () => {
  const results: unknown[] = [];
  for (let time = 0; time < 6; time++) {
    await using target = await start();
    const reset: Operation = {
      ...operationOf("reset", on),
      during: [{ at: "before-reset", operation: { op: "dma-write", ...on, iova: "0x100050000", block: 1 } }],
    };
    const { result, values } = await perform(target, reset);
    results.push([result, values]);
  }
  expect(results).toEqual(Array.from({ length: 6 }, () => ["OK", { during: ["refused"] }]));
});
