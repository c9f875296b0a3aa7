import { mkdtemp, readdir, rm } from "node:fs/promises";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VfioUserClient } from "../testing/vfio-user-client.ts";
import { encodeError, encodeRequest } from "./framing.ts";
import { defineFunction, type FunctionDefinition } from "./function-definition.ts";
import { decode, encode, sizeOf } from "./layout.ts";
import { messages, singleWrite } from "./messages.ts";
import { serveFunction, type ServedFunction } from "./serve-function.ts";

let folder: string;
let path: string;
let served: ServedFunction;
let told: string[];

const sample: FunctionDefinition = {
  identity: { vendor: 0x1234, device: 0x5678, classCode: 0xff0000, revision: 3 },
  bars: {
    0: {
      size: 4096,
      registers: {
        magic: { offset: 0, size: 4, read: () => 0xcafe_f00dn },
        doorbell: { offset: 8, size: 8, write: (value) => void told.push(`doorbell ${value}`) },
      },
    },
  },
  msix: { vectors: 3, bar: 2 },
  onReset: () => void told.push("reset"),
  onMap: ({ iova, size, read, write }) => void told.push(`map ${iova} ${size} ${read} ${write}`),
  onUnmap: ({ iova, size }) => void told.push(`unmap ${iova} ${size}`),
};

beforeEach(async () => {
  told = [];
  folder = await mkdtemp(join(tmpdir(), "zv-"));
  path = join(folder, "f.sock");
  served = await serveFunction(defineFunction(sample), path);
});
afterEach(async () => {
  await served[Symbol.asyncDispose]();
  expect(await readdir(folder)).toEqual([]);
  await rm(folder, { recursive: true });
});

const readConfig = async (client: VfioUserClient, offset: number, count: number): Promise<Buffer> => {
  const { payload } = await client.ask("VFIO_USER_REGION_READ", { offset: BigInt(offset), region: 7, count });
  return payload.subarray(sizeOf(messages.VFIO_USER_REGION_READ.reply));
};
const write = (client: VfioUserClient, region: number, offset: number, data: Buffer) =>
  client.ask("VFIO_USER_REGION_WRITE", { offset: BigInt(offset), region, count: data.length }, data);
const map = (client: VfioUserClient, address: bigint, size: bigint, flags = 3) =>
  client.ask("VFIO_USER_DMA_MAP", { argsz: 32, flags, offset: 0n, address, size });
const unmap = (client: VfioUserClient, address: bigint, size: bigint, flags = 0) =>
  client.ask("VFIO_USER_DMA_UNMAP", { argsz: 24, flags, address, size });

describe("a client", () => {
  it("agrees on a version, and gets only capabilities that it proposed", async () => {
    const client = await VfioUserClient.connect(path);
    const offer = Buffer.from('{"capabilities":{"max_data_xfer_size":4096,"twin_socket":{"supported":true}}}\0');
    const { payload, kind } = await client.ask("VFIO_USER_VERSION", { major: 0, minor: 7 }, offer);
    expect(kind).toBe("reply");
    expect(decode("reply", messages.VFIO_USER_VERSION.reply, payload)).toEqual({ major: 0, minor: 0 });
    const { capabilities } = JSON.parse(payload.toString("utf8", 4, payload.length - 1)) as {
      capabilities: Record<string, unknown>;
    };
    expect(capabilities).toMatchObject({ max_data_xfer_size: 1048576, pgsizes: 4096 });
    expect(capabilities).not.toHaveProperty("write_multiple");
    expect(payload.at(-1)).toBe(0);
  });

  it("may leave the version data out", async () => {
    const client = await VfioUserClient.greet(path, "");
    expect((await readConfig(client, 0, 2)).readUInt16LE()).toBe(0x1234);
  });

  it("is told what the device is, its regions and its interrupts", async () => {
    const client = await VfioUserClient.greet(path);
    const info = await client.ask("VFIO_USER_DEVICE_GET_INFO", { argsz: 16, flags: 0, regions: 0, irqs: 0 });
    const { reply } = messages.VFIO_USER_DEVICE_GET_INFO;
    expect(decode("info", reply, info.payload)).toEqual({ argsz: 16, flags: 3, regions: 9, irqs: 5 });
    const sizes: number[] = [];
    for (let index = 0; index < 9; index++) {
      const asked = { argsz: 32, flags: 0, index, capOffset: 0, size: 0n, offset: 0n };
      const { payload } = await client.ask("VFIO_USER_DEVICE_GET_REGION_INFO", asked);
      const region = decode("region", messages.VFIO_USER_DEVICE_GET_REGION_INFO.reply, payload);
      expect(region).toMatchObject({ argsz: 32, index, flags: region.size === 0n ? 0 : 3 });
      sizes.push(Number(region.size));
    }
    expect(sizes).toEqual([4096, 0, 8192, 0, 0, 0, 0, 256, 0]);
    const counts: number[] = [];
    for (let index = 0; index < 5; index++) {
      const { payload } = await client.ask("VFIO_USER_DEVICE_GET_IRQ_INFO", { argsz: 16, flags: 0, index, count: 0 });
      counts.push(decode("irq", messages.VFIO_USER_DEVICE_GET_IRQ_INFO.reply, payload).count);
    }
    expect(counts).toEqual([0, 0, 3, 0, 0]);
  });

  it("finds identity, sizes of BARs and MSI-X in configuration space, and writes what may be written", async () => {
    const client = await VfioUserClient.greet(path);
    const header = await readConfig(client, 0, 64);
    expect(header.readUInt16LE(2)).toBe(0x5678);
    expect(header.readUInt32LE(8)).toBe(0xff0000_03);
    expect(header.readUInt16LE(6) & 0x10).toBe(0x10);
    const msix = await readConfig(client, header.readUInt8(0x34), 12);
    expect([msix[0], msix.readUInt16LE(2), msix.readUInt32LE(4), msix.readUInt32LE(8)]).toEqual([0x11, 2, 2, 0x1002]);
    for (const bar of [0x10, 0x14, 0x18]) await write(client, 7, bar, Buffer.from("ffffffff", "hex"));
    const bars = await readConfig(client, 0x10, 12);
    expect([0, 4, 8].map((at) => bars.readUInt32LE(at))).toEqual([0xffff_f000, 0, 0xffff_e000]);
    await write(client, 7, 0, Buffer.from("ffffffffffff", "hex"));
    expect((await readConfig(client, 0, 6)).toString("hex")).toBe("341278564605");
    await client.ask("VFIO_USER_DEVICE_RESET", {});
    expect(told).toEqual(["reset"]);
    expect((await readConfig(client, 4, 2)).readUInt16LE()).toBe(0);
  });

  it("reaches registers by their own size at their own offset, and nothing else", async () => {
    const client = await VfioUserClient.greet(path);
    const read = async (offset: bigint, count: number) =>
      (await client.ask("VFIO_USER_REGION_READ", { offset, region: 0, count })).payload.subarray(16).toString("hex");
    expect(await read(0n, 4)).toBe("0df0feca");
    expect(await read(0n, 2)).toBe("0000");
    expect(await read(2n, 2)).toBe("0000");
    expect(await read(8n, 8)).toBe("0000000000000000");
    await write(client, 0, 8, Buffer.from("0500000000000000", "hex"));
    await write(client, 0, 8, Buffer.from("05000000", "hex"));
    expect(told).toEqual(["doorbell 5"]);
    expect(await client.ask("VFIO_USER_REGION_READ", { offset: 4094n, region: 0, count: 4 })).toMatchObject({
      error: constants.errno.EINVAL,
      payload: Buffer.alloc(0),
    });
    expect((await write(client, 1, 0, Buffer.alloc(4))).error).toBe(constants.errno.EINVAL);
  });

  it("writes several registers by one message, and without waiting where it says so", async () => {
    const client = await VfioUserClient.greet(path);
    const single = (value: number) =>
      encode(singleWrite, { offset: 8n, region: 0, count: 8 }, Buffer.from([value, 0, 0, 0, 0, 0, 0, 0]));
    const both = Buffer.concat([single(1), single(2)]);
    const { payload } = await client.ask("VFIO_USER_REGION_WRITE_MULTI", { writes: 2n }, both);
    expect(decode("reply", messages.VFIO_USER_REGION_WRITE_MULTI.reply, payload)).toEqual({ writes: 2n });
    const silent = encodeRequest(
      900,
      10,
      encode(singleWrite, { offset: 8n, region: 0, count: 8 }, single(3).subarray(16)),
    );
    silent.writeUInt32LE(0x10, 8);
    client.send(silent);
    // Answered before anything else would be, were it answered.
    expect((await client.ask("VFIO_USER_DEVICE_RESET", {})).command).toBe(13);
    expect(told).toEqual(["doorbell 1", "doorbell 2", "doorbell 3", "reset"]);
  });

  it("maps and unmaps ranges", async () => {
    const client = await VfioUserClient.greet(path);
    await map(client, 0x3000n, 0x1000n, 1);
    await map(client, 0x1000n, 0x1000n);
    expect(served.mappings.map(({ iova, write: mayWrite }) => [iova, mayWrite])).toEqual([
      [0x1000n, true],
      [0x3000n, false],
    ]);
    for (const [at, size] of [
      [0x1000n, 0x1000n],
      [0x0n, 0x1001n],
      [0x3fffn, 1n],
      [0x2000n, 0x8000n],
    ] as const) {
      expect((await map(client, at, size)).error).toBe(constants.errno.EEXIST);
    }
    expect((await map(client, 0x2000n, 0x1000n)).error).toBeNull();
    expect((await unmap(client, 0x1800n, 0x1000n)).error).toBe(constants.errno.EINVAL);
    expect(served.mappings).toHaveLength(3);
    const answer = await unmap(client, 0x2000n, 0x1000n);
    expect(decode("reply", messages.VFIO_USER_DMA_UNMAP.reply, answer.payload).address).toBe(0x2000n);
    // What QEMU does where an address space goes away.
    expect((await unmap(client, 0n, 1n << 40n)).error).toBeNull();
    expect((await unmap(client, 0n, 1n << 40n)).error).toBeNull();
    expect(served.mappings).toEqual([]);
    await map(client, 0x5000n, 0x1000n);
    expect((await unmap(client, 0n, 0n, 2)).error).toBeNull();
    expect(served.mappings).toEqual([]);
    expect(told.slice(0, 3)).toEqual([
      "map 12288 4096 true false",
      "map 4096 4096 true true",
      "map 8192 4096 true true",
    ]);
  });

  it("sets interrupts there are, and is refused messages that nobody serves", async () => {
    const client = await VfioUserClient.greet(path);
    const set = (index: number, count: number) =>
      client.ask("VFIO_USER_DEVICE_SET_IRQS", { argsz: 20, flags: 0x24, index, start: 0, count });
    expect((await set(2, 3)).error).toBeNull();
    expect((await set(2, 4)).error).toBe(constants.errno.EINVAL);
    expect((await set(0, 1)).error).toBe(constants.errno.EINVAL);
    client.send(encodeRequest(77, 16, Buffer.alloc(8)));
    expect(await client.next()).toMatchObject({ id: 77, command: 16, error: constants.errno.ENOTSUP });
    expect(served.failure).toBeNull();
  });

  it("comes again, and finds its registers and no mapping", async () => {
    const first = await VfioUserClient.greet(path);
    await map(first, 0x1000n, 0x1000n);
    await write(first, 7, 4, Buffer.from([4, 0]));
    const second = await VfioUserClient.connect(path);
    await second.closed();
    first.end();
    await first.closed();
    const again = await VfioUserClient.greet(path);
    expect((await readConfig(again, 4, 1))[0]).toBe(4);
    expect(served.mappings).toEqual([]);
    expect(served.failure).toBeNull();
  });
});

describe("DMA", () => {
  it("goes by message, in pieces as large as the client takes", async () => {
    const client = await VfioUserClient.greet(path, '{"capabilities":{"max_data_xfer_size":8}}\0');
    const writing = served.dma.write(0x1000n, Buffer.from("0123456789"));
    const pieces: string[] = [];
    for (let count = 0; count < 2; count++) {
      const message = await client.next();
      const { address } = decode("write", messages.VFIO_USER_DMA_WRITE.request, message.payload);
      pieces.push(`${address} ${message.payload.toString("latin1", 16)}`);
      client.reply(message);
    }
    await writing;
    expect(pieces).toEqual(["4096 01234567", "4104 89"]);

    const reading = served.dma.read(0x2000n, 4);
    const asked = await client.next();
    client.reply(asked, Buffer.concat([asked.payload, Buffer.from("abcd")]));
    expect((await reading).toString()).toBe("abcd");
  });

  it("that is refused says so with the IOVA and the client's reason, and the next one is none the worse", async () => {
    const client = await VfioUserClient.greet(path);
    const refused = served.dma.read(0x1000n, 16).catch((error: unknown) => error);
    const { id, command } = await client.next();
    client.send(encodeError(id, command, constants.errno.ENODEV));
    expect(await refused).toMatchObject({ name: "DmaRefused", iova: 0x1000n, errno: "ENODEV" });
    const writing = served.dma.write(0n, Buffer.from("x"));
    client.reply(await client.next());
    await writing;
  });

  it("may be answered in another order than it was asked for, and while a request of the client is held", async () => {
    let release = (): void => undefined;
    const holding = new Promise<void>((resolve) => {
      release = resolve;
    });
    const other = join(folder, "held.sock");
    const { onUnmap: _, ...rest } = sample;
    await using held = await serveFunction(defineFunction({ ...rest, onUnmap: () => holding }), other);
    const client = await VfioUserClient.greet(other);
    const reply = unmap(client, 0n, 0x1000n);
    const [first, second] = [held.dma.read(0x1000n, 1), held.dma.read(0x2000n, 1)];
    // The unmap is not answered, so the next messages are what the device asks for.
    const one = await reply;
    const two = await client.next();
    client.send(encodeRequest(50, 13, Buffer.alloc(0)));
    client.reply(two, Buffer.concat([two.payload, Buffer.from("2")]));
    client.reply(one, Buffer.concat([one.payload, Buffer.from("1")]));
    expect([String(await first), String(await second)]).toEqual(["1", "2"]);
    expect(told).toEqual([]);
    release();
    expect([(await client.next()).command, (await client.next()).command]).toEqual([3, 13]);
    expect(told).toEqual(["reset"]);
  });

  it("is an error, not a refusal, where no client is there or it leaves", async () => {
    await expect(served.dma.write(0n, Buffer.alloc(1))).rejects.toThrow("no client is connected");
    const client = await VfioUserClient.greet(path);
    const pending = served.dma.read(0n, 1).catch((error: unknown) => error);
    await client.next();
    client.end();
    expect(await pending).toMatchObject({ name: "ClosedError" });
  });
});

it("says that a path is too long for a socket", async () => {
  const long = join(folder, "x".repeat(107));
  await expect(serveFunction(defineFunction(sample), long)).rejects.toThrow("has 107 bytes at most");
});

it.each([
  ["BARs of a power of two", { bars: { 0: { size: 5000 } } }, "BAR 0 has 5000 bytes"],
  [
    "registers within their BAR",
    { bars: { 0: { size: 4096, registers: { r: { offset: 4096, size: 4 as const } } } } },
    'register "r"',
  ],
  ["MSI-X in a BAR of its own", { bars: { 2: { size: 4096 } } }, "BAR 2 is to hold the tables of MSI-X"],
  ["a number of vectors", { msix: { vectors: 0, bar: 2 as const } }, "MSI-X has 0 vectors"],
])("wants %s", (_, change, message) => {
  expect(() => defineFunction({ ...sample, ...change })).toThrow(message);
});
