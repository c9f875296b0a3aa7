/** The functions that scenarios name: each does what it is there for. */
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { operationFields, type Operation, type OperationName } from "../../src/operation/operation.ts";
import type { DeviceKind } from "../../src/trace/device-kinds.ts";
import { ServedFunctions } from "../target/served-functions.ts";
import { VfioUserClient } from "../testing/vfio-user-client.ts";
import { encodeError, encodeReply } from "./framing.ts";
import { messages } from "./messages.ts";
import { Witness } from "./witness.ts";

let folder: string;
let path: string;
let scope: Witness[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zv-"));
  path = join(folder, "f.sock");
  scope = [];
});
afterEach(async () => {
  for (const each of scope) await each[Symbol.asyncDispose]();
  expect(await readdir(folder)).toEqual([]);
  await rm(folder, { recursive: true });
});

async function serve(kind: DeviceKind) {
  const witness = await Witness.serve("a", path, kind);
  scope.push(witness);
  const functions = new ServedFunctions();
  functions.add("a", { served: witness.function, witness });
  const perform = (op: OperationName, fields = {}) =>
    functions.perform({ op, ...operationFields[op].parse({ function: "a", ...fields }) } as Operation);
  return { witness, functions, perform };
}

const map = { argsz: 32, flags: 3, offset: 0n, address: 0x1000n, size: 0x1000n };
const unmap = { argsz: 24, flags: 0, address: 0x1000n, size: 0x1000n };
const configByte = async (client: VfioUserClient, offset: number, count: number): Promise<string> => {
  const { payload } = await client.ask("VFIO_USER_REGION_READ", { offset: BigInt(offset), region: 7, count });
  return payload.toString("hex", 16);
};

it("keeps a late DMA until it is told, and forgets it in a reset", async () => {
  const { perform } = await serve("late");
  const client = await VfioUserClient.greet(path);
  const write = { iova: "0x1000", block: 3 };
  expect(await perform("dma-write", write)).toEqual({ completion: "held" });
  const releasing = perform("dma-release");
  const asked = await client.next();
  expect(asked.command).toBe(messages.VFIO_USER_DMA_WRITE.command);
  client.reply(asked);
  expect(await releasing).toEqual({ completion: "success" });
  expect(await perform("dma-release")).toEqual({ completion: "none" });
  await perform("dma-write", write);
  await client.ask("VFIO_USER_DEVICE_RESET", {});
  expect(await perform("dma-release")).toEqual({ completion: "none" });
});

it("takes its time for every answer where it is slow, errors too", async () => {
  await serve("slow");
  const client = await VfioUserClient.greet(path);
  const began = performance.now();
  expect((await client.ask("VFIO_USER_DMA_MAP", map)).error).toBeNull();
  expect((await client.ask("VFIO_USER_DMA_MAP", map)).error).toBe(constants.errno.EEXIST);
  expect(performance.now() - began).toBeGreaterThanOrEqual(19);
});

it("storms until it is told to stop, and says whether it was refused", async () => {
  const { perform, functions } = await serve("stormer");
  const client = await VfioUserClient.greet(path);
  expect(await functions.settle()).toBe(false);
  await perform("storm-begin", { iova: "0x1000", block: 3 });
  const settled = functions.settle();
  const { id, command } = await client.next();
  client.send(encodeError(id, command, constants.errno.EFAULT));
  client.reply(await client.next());
  expect(await settled).toBe(true);
  const ended = perform("storm-end");
  client.end();
  expect(await ended).toEqual({ refused: true });
  expect(functions.takeEvents()).toMatchObject({ a: { events: [{ event: "storm", refused: 1 }] } });
});

it("is rude, and tells what came back", async () => {
  const { perform, functions } = await serve("rude");
  const client = await VfioUserClient.greet(path);
  const unknown = perform("misbehave", { how: "unknown-command" });
  const asked = await client.next();
  expect(asked.command).toBe(99);
  client.send(encodeError(asked.id, asked.command, constants.errno.ENOSYS));
  expect(await unknown).toEqual({ answer: "refused" });
  const empty = perform("misbehave", { how: "empty-write" });
  client.reply(await client.next());
  expect(await empty).toEqual({ answer: "success" });
  expect(await perform("misbehave", { how: "reply-to-nothing" })).toEqual({ answer: "none" });
  expect(await client.next()).toMatchObject({ kind: "reply" });
  expect(functions.takeEvents()).toMatchObject({ a: { events: [{ answer: "ENOSYS" }, {}, { answer: "none" }] } });
});

it("is there no more once it has died, and for the next client once it has returned", async () => {
  const { perform, functions, witness } = await serve("witness");
  const client = await VfioUserClient.greet(path);
  await client.ask("VFIO_USER_DMA_MAP", map);
  await perform("function-dies");
  await client.closed();
  expect([existsSync(path), functions.takeViews()]).toEqual([false, { a: null }]);
  expect(await perform("dma-write", { iova: "0x1000", block: 1 })).toEqual({ completion: "gone" });
  functions.check();
  await perform("function-returns");
  const next = await VfioUserClient.greet(path);
  expect(functions.takeViews()).toEqual({ a: { reach: [], emptied: false, reset: false } });
  expect((await next.ask("VFIO_USER_DMA_MAP", map)).error).toBeNull();
  expect(witness.function.failure).toBeNull();
});

it.each([
  ["map", "VFIO_USER_DMA_MAP", map],
  ["unmap", "VFIO_USER_DMA_UNMAP", unmap],
] as const)(
  "dies in the middle of a %s, and tells who waits for DMA that it is gone",
  async (at, message, fields) => {
    const { perform, functions } = await serve("witness");
    const client = await VfioUserClient.greet(path);
    await perform("function-dies", { at });
    const waiting = perform("dma-write", { iova: "0x1000", block: 1 });
    await client.next();
    void client.ask(message, fields);
    await client.closed();
    expect(await waiting).toEqual({ completion: "gone" });
    expect(functions.takeViews()).toEqual({ a: null });
  },
);

it("has a broken function hide its MSI-X, its name, the size of its BAR, or itself", async () => {
  await serve("broken-no-msix");
  const client = await VfioUserClient.greet(path);
  expect(await configByte(client, 0x40, 4)).toBe("00000300");
  const irqs = await client.ask("VFIO_USER_DEVICE_GET_IRQ_INFO", { argsz: 16, flags: 0, index: 2, count: 0 });
  expect(irqs.payload.readUInt32LE(12)).toBe(0);
  client.end();
  await scope.pop()![Symbol.asyncDispose]();

  await serve("broken-vendor");
  const other = await VfioUserClient.greet(path);
  expect([await configByte(other, 0, 8), await configByte(other, 2, 2)]).toEqual(["ffffffff00001000", "ffff"]);
  other.end();
  await scope.pop()![Symbol.asyncDispose]();

  await serve("broken-bar-size");
  const third = await VfioUserClient.greet(path);
  const size = async (): Promise<bigint> => {
    const asked = { argsz: 32, flags: 0, index: 0, capOffset: 0, size: 0n, offset: 0n };
    return (await third.ask("VFIO_USER_DEVICE_GET_REGION_INFO", asked)).payload.readBigUInt64LE(16);
  };
  expect([await size(), await size()]).toEqual([4096n, 8192n]);
  third.end();
  await scope.pop()![Symbol.asyncDispose]();

  await serve("broken-dies");
  const fourth = await VfioUserClient.greet(path);
  void fourth.ask("VFIO_USER_DEVICE_GET_INFO", { argsz: 16, flags: 0, regions: 0, irqs: 0 });
  await fourth.closed();
});

it("says nothing more once it hangs", async () => {
  await serve("broken-hangs");
  const client = await VfioUserClient.greet(path);
  void client.ask("VFIO_USER_DEVICE_GET_INFO", { argsz: 16, flags: 0, regions: 0, irqs: 0 });
  // Its answer would come before that of a message after it.
  const silence = client.ask("VFIO_USER_DEVICE_RESET", {}).then(() => "an answer");
  expect(await Promise.race([silence, new Promise((resolve) => setTimeout(resolve, 50, "silence"))])).toBe("silence");
  client.send(encodeReply(0, 12, Buffer.alloc(0)));
  await client.closed();
});
