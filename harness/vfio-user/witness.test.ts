import { mkdtemp, rm } from "node:fs/promises";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Operation } from "../../src/operation/operation.ts";
import { digestOf, patternPage } from "../agent/pattern.ts";
import { ServedFunctions } from "../target/served-functions.ts";
import { VfioUserClient } from "../testing/vfio-user-client.ts";
import { encodeError } from "./framing.ts";
import { Witness } from "./witness.ts";

let folder: string;
let witness: Witness;
let client: VfioUserClient;
let served: ServedFunctions;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zv-"));
  const path = join(folder, "w.sock");
  witness = await Witness.serve("a", path);
  client = await VfioUserClient.greet(path);
  served = new ServedFunctions();
  served.add("a", { served: witness.function, witness });
});
afterEach(async () => {
  await witness[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const iova = "0x100010000";
const perform = (op: "dma-write" | "dma-read", block: number) => served.perform({ op, function: "a", iova, block });

it("writes its block as it is to memory, and reads a page of memory into a block", async () => {
  const writing = perform("dma-write", 7);
  const written = await client.next();
  expect([written.command, digestOf(written.payload.subarray(16))]).toEqual([12, digestOf(patternPage("block:a:7"))]);
  client.reply(written);
  expect(await writing).toEqual({ completion: "success" });

  const reading = perform("dma-read", 7);
  const read = await client.next();
  client.reply(read, Buffer.concat([read.payload, patternPage("hello")]));
  expect(await reading).toEqual({ completion: "success" });
  expect(digestOf(witness.readBlock(7))).toBe(digestOf(patternPage("hello")));
});

it("says that it was refused, and keeps its block then", async () => {
  for (const op of ["dma-write", "dma-read"] as const) {
    const dma = perform(op, 3);
    const { id, command } = await client.next();
    client.send(encodeError(id, command, constants.errno.ENODEV));
    expect(await dma).toEqual({ completion: "refused" });
  }
  expect(digestOf(witness.readBlock(3))).toBe(digestOf(patternPage("block:a:3")));
});

it("remembers what it was told in order, each time what is new", async () => {
  await client.ask("VFIO_USER_DEVICE_RESET", {});
  await client.ask("VFIO_USER_DMA_MAP", { argsz: 32, flags: 1, offset: 0n, address: 0x1000n, size: 0x1000n });
  const dma = perform("dma-write", 1);
  client.reply(await client.next());
  await dma;
  await client.ask("VFIO_USER_DMA_UNMAP", { argsz: 24, flags: 0, address: 0x1000n, size: 0x1000n });
  expect(served.takeEvents()).toEqual({
    a: {
      events: [
        { sequence: 1, event: "reset" },
        { sequence: 2, event: "map", iova: "0x1000", size: "0x1000", access: "r" },
        { sequence: 3, event: "dma-write", iova, answer: "success" },
        { sequence: 4, event: "unmap", iova: "0x1000", size: "0x1000" },
      ],
      dropped: 0,
    },
  });
  const { payload } = await client.ask("VFIO_USER_REGION_READ", { offset: 0n, region: 0, count: 4 });
  expect(payload.toString("latin1", 16)).toBe("ZHIL");
  await client.ask("VFIO_USER_DEVICE_RESET", {});
  expect(served.takeEvents()).toEqual({ a: { events: [{ sequence: 5, event: "reset" }], dropped: 0 } });
  expect(new ServedFunctions().takeEvents()).toBeNull();
});

it("drops the oldest of more events than anybody would look at, and says how many", async () => {
  for (let count = 0; count < 4099; count++) await client.ask("VFIO_USER_DEVICE_RESET", {});
  const { events, dropped } = witness.function.takeEvents();
  expect([events.length, events[0]?.sequence, dropped]).toEqual([4096, 4, 3]);
  expect(witness.function.takeEvents()).toEqual({ events: [], dropped: 0 });
});

it("says what it may reach whatever the messages, and whether all was taken from it or it was reset since the last time", async () => {
  const map = (address: bigint, size: bigint, flags: number) =>
    client.ask("VFIO_USER_DMA_MAP", { argsz: 32, flags, offset: 0n, address, size });
  const unmap = (address: bigint, size: bigint) =>
    client.ask("VFIO_USER_DMA_UNMAP", { argsz: 24, flags: 0, address, size });
  const view = () => served.takeViews()?.["a"];
  await map(0x3000n, 0x1000n, 3);
  await map(0x1000n, 0x1000n, 3);
  await map(0x2000n, 0x1000n, 3);
  await map(0x4000n, 0x2000n, 1);
  expect(view()).toEqual({ reach: ["0x1000+0x3000 rw", "0x4000+0x2000 r"], emptied: false, reset: false });
  await unmap(0x2000n, 0x1000n);
  expect(view()?.reach).toEqual(["0x1000+0x1000 rw", "0x3000+0x1000 rw", "0x4000+0x2000 r"]);
  await unmap(0n, 0x1_0000_0000n);
  await map(0x1000n, 0x1000n, 3);
  await client.ask("VFIO_USER_DEVICE_RESET", {});
  expect(view()).toEqual({ reach: ["0x1000+0x1000 rw"], emptied: true, reset: true });
  expect(view()).toEqual({ reach: ["0x1000+0x1000 rw"], emptied: false, reset: false });
  client.end();
  await client.closed();
  expect(view()).toBeNull();
});

it("leaves to the guest what it does not do itself", () => {
  const look: Operation = { op: "look" };
  const other: Operation = { op: "dma-write", function: "b", iova, block: 1 };
  expect([look, other].map((each) => served.perform(each))).toEqual([null, null]);
});

it("is not believed any more after a client that it could not understand", async () => {
  served.check();
  client.send(Buffer.alloc(16));
  await client.closed();
  expect(() => {
    served.check();
  }).toThrow('Function "a" cannot be served any more');
});
