/** Clients that break the protocol: each is told nothing more, and the reason is kept. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makeRandom } from "../testing/random.ts";
import { payloadOf, usualVersionData, VfioUserClient } from "../testing/vfio-user-client.ts";
import { encodeError, encodeReply, encodeRequest, messageLimit } from "./framing.ts";
import { defineFunction } from "./function-definition.ts";
import { encode } from "./layout.ts";
import { messages, type MessageName } from "./messages.ts";
import { serveFunction, type ServedFunction } from "./serve-function.ts";

let folder: string;
let path: string;
let served: ServedFunction;

const identity = { vendor: 1, device: 2, classCode: 0xff0000 };
const definition = defineFunction({ identity, bars: { 0: { size: 4096 } }, msix: { vectors: 1, bar: 1 } });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zv-"));
  path = join(folder, "f.sock");
  served = await serveFunction(definition, path);
});
afterEach(async () => {
  await served[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** A header as it stands, with 16 bytes at least whatever it says. */
const header = (id: number, command: number, size: number, flags: number, error = 0): Buffer =>
  encode({ id: "u16", command: "u16", size: "u32", flags: "u32", error: "u32" }, { id, command, size, flags, error });
const request = (name: MessageName, payload: Uint8Array): Buffer => encodeRequest(9, messages[name].command, payload);
const version = (data: string, major = 0): Buffer =>
  request("VFIO_USER_VERSION", payloadOf("VFIO_USER_VERSION", { major, minor: 0 }, Buffer.from(data)));
const access = (count: number) => ({ offset: 0n, region: 0, count });
const range = (address: bigint, size: bigint) => ({ argsz: 32, flags: 3, offset: 0n, address, size });

it.each<[what: string, bytes: () => Buffer, reason: string]>([
  [
    "a request before the version",
    () => request("VFIO_USER_DEVICE_RESET", Buffer.alloc(0)),
    "before VFIO_USER_VERSION",
  ],
  ["another major version", () => version(usualVersionData, 1), "The client speaks version 1.0, expected 0.x"],
  [
    "a version without its numbers",
    () => request("VFIO_USER_VERSION", Buffer.alloc(2)),
    "2 bytes, expected 4 at least",
  ],
  ["version data without a NUL", () => version("{}"), "do not end with their only NUL"],
  ["version data that are no JSON", () => version("{capabilities\0"), "not JSON"],
  ["a capability that is no number", () => version('{"capabilities":{"pgsizes":"many"}}\0'), "expected number"],
  [
    "a transfer of nothing at a time",
    () => version('{"capabilities":{"max_data_xfer_size":0}}\0'),
    "expected number",
  ],
])("closes on %s", async (_, bytes, reason) => {
  const client = await VfioUserClient.connect(path);
  client.send(bytes());
  await client.closed();
  expect(served.failure?.name).toBe("ProtocolError");
  expect(served.failure?.message).toContain(reason);
});

it.each<[what: string, bytes: () => Buffer, reason: string]>([
  ["a version again", () => version(usualVersionData), "VFIO_USER_VERSION a second time"],
  ["a message shorter than its header", () => header(1, 4, 15, 0), "says it has 15 bytes"],
  ["a message too long", () => header(1, 4, messageLimit + 1, 0), `not 16 to ${messageLimit}`],
  ["a message of 4 GiB", () => header(1, 4, 0xffff_ffff, 0), "says it has 4294967295 bytes"],
  ["a type there is none of", () => header(1, 4, 16, 2), "flags 0x2, which mean nothing"],
  ["flags there are none of", () => header(1, 4, 16, 0x100), "flags 0x100"],
  ["a request with an error", () => header(1, 4, 16, 0x20, 22), "a request with command 4 and the Error bit"],
  ["a reply to nothing", () => encodeReply(5, 12, Buffer.alloc(0)), "a reply to message 5, which nobody sent"],
  ["what is the server's to send", () => request("VFIO_USER_DMA_READ", Buffer.alloc(16)), "the server's to send"],
  ["a structure cut short", () => request("VFIO_USER_DMA_MAP", Buffer.alloc(31)), "31 bytes, expected 32"],
  ["a structure with a tail", () => request("VFIO_USER_DMA_MAP", Buffer.alloc(33)), "33 bytes, expected 32"],
  ["an empty range", () => request("VFIO_USER_DMA_MAP", payloadOf("VFIO_USER_DMA_MAP", range(0n, 0n))), "0x0 bytes"],
  [
    "a range beyond 64 bits",
    () => request("VFIO_USER_DMA_MAP", payloadOf("VFIO_USER_DMA_MAP", range(2n ** 64n - 1n, 2n))),
    "0x2 bytes at 0xffffffffffffffff",
  ],
  [
    "a read of more than was agreed",
    () => request("VFIO_USER_REGION_READ", payloadOf("VFIO_USER_REGION_READ", access(0x10_0001))),
    "of 1048577 bytes, more than 1048576",
  ],
  [
    "a write with less data than it says",
    () => request("VFIO_USER_REGION_WRITE", payloadOf("VFIO_USER_REGION_WRITE", access(4), Buffer.alloc(3))),
    "of 4 bytes with 3 bytes of data",
  ],
  [
    "more writes than there are",
    () => request("VFIO_USER_REGION_WRITE_MULTI", payloadOf("VFIO_USER_REGION_WRITE_MULTI", { writes: 2n ** 63n })),
    "of 9223372036854775808 writes",
  ],
  [
    "one of several writes too long",
    () => {
      const single = encode({ offset: "u64", region: "u32", count: "u32" }, access(9), Buffer.alloc(8));
      return request(
        "VFIO_USER_REGION_WRITE_MULTI",
        Buffer.concat([Buffer.from(encode({ n: "u64" }, { n: 1n })), single]),
      );
    },
    "with a write of 9 bytes",
  ],
])("closes on %s", async (_, bytes, reason) => {
  const client = await VfioUserClient.greet(path);
  client.send(bytes());
  await client.closed();
  expect(served.failure?.name).toBe("ProtocolError");
  expect(served.failure?.message.toLowerCase()).toContain(reason.toLowerCase());
  // The next client is served as if nothing had been.
  const next = await VfioUserClient.greet(path);
  expect((await next.ask("VFIO_USER_DEVICE_RESET", {})).error).toBeNull();
});

it("closes on a client that leaves in the middle of a message, and not on one that does not", async () => {
  const good = await VfioUserClient.greet(path);
  good.end();
  await good.closed();
  expect(served.failure).toBeNull();
  const bad = await VfioUserClient.greet(path);
  bad.send(header(1, 13, 16, 0).subarray(0, 7));
  bad.end();
  await bad.closed();
  expect(served.failure?.message).toBe("The client left in the middle of a message");
});

it.each<[what: string, reply: (id: number) => Buffer, reason: string]>([
  ["of another command", (id) => encodeReply(id, 12, Buffer.alloc(32)), "with command 12, expected 11"],
  ["too short", (id) => encodeReply(id, 11, Buffer.alloc(15)), "15 bytes, expected 16 at least"],
])("closes on a reply to DMA %s, and tells who waits for it", async (_, reply, reason) => {
  const client = await VfioUserClient.greet(path);
  const waiting = served.dma.read(0n, 4).catch((error: unknown) => error);
  client.send(reply((await client.next()).id));
  await client.closed();
  expect((await waiting) as Error).toMatchObject({ name: "ProtocolError" });
  expect(((await waiting) as Error).message).toContain(reason);
  expect(served.failure).toBe(await waiting);
});

it("does not take a reply with less data than asked for, nor an errno there is none of, for more than that", async () => {
  const client = await VfioUserClient.greet(path);
  const short = served.dma.read(0n, 4).catch((error: unknown) => error);
  const asked = await client.next();
  client.reply(asked, Buffer.concat([asked.payload, Buffer.from("abc")]));
  expect(await short).toMatchObject({ message: "A reply to VFIO_USER_DMA_READ with 3 bytes, expected 4" });
  const other = served.dma.read(0n, 4).catch((error: unknown) => error);
  client.reply(
    await client.next(),
    Buffer.concat([encode({ address: "u64", count: "u64" }, { address: 0n, count: 5n }), Buffer.from("abcd")]),
  );
  expect(await other).toMatchObject({ name: "ProtocolError" });
  for (const [errno, name] of [
    [0, "error 0"],
    [0xffff_ffff, "error 4294967295"],
    [3000, "error 3000"],
  ] as const) {
    const refused = served.dma.write(0n, Buffer.alloc(1)).catch((error: unknown) => error);
    const { id, command } = await client.next();
    client.send(encodeError(id, command, errno));
    expect(await refused).toMatchObject({ errno: name });
  }
});

it("keeps no more requests than it can while one is held", async () => {
  const other = join(folder, "held.sock");
  const never = new Promise<void>(() => undefined);
  await using held = await serveFunction(defineFunction({ ...definition, onReset: () => never }), other);
  const client = await VfioUserClient.greet(other);
  for (let count = 0; count < 4098; count++) client.send(request("VFIO_USER_DEVICE_RESET", Buffer.alloc(0)));
  await client.closed();
  expect(held.failure?.message).toBe("More than 4096 requests while one is held");
});

it("closes where a handler fails, with its error as the reason", async () => {
  const other = join(folder, "failing.sock");
  const fail = (): Promise<void> => Promise.reject(new RangeError("the handler's own"));
  await using failing = await serveFunction(defineFunction({ ...definition, onReset: fail }), other);
  const client = await VfioUserClient.greet(other);
  client.send(request("VFIO_USER_DEVICE_RESET", Buffer.alloc(0)));
  await client.closed();
  expect(failing.failure?.message).toBe("the handler's own");
});

/** Bytes that begin as a conversation does, and go wrong in one of many ways. */
function makeNoise(random: (below: number) => number): Buffer {
  const parts: Buffer[] = random(8) === 0 ? [] : [version(usualVersionData)];
  for (let count = random(12); count > 0; count--) {
    const payload = Buffer.from(
      Array.from({ length: random(3) === 0 ? random(200) : 8 * random(6) }, () => random(4)),
    );
    const command = random(20);
    parts.push(
      random(4) === 0 ? encodeReply(random(3), command, payload) : encodeRequest(random(9), command, payload),
    );
  }
  const bytes = Buffer.concat(parts);
  for (let count = random(3); count > 0 && bytes.length > 0; count--) bytes[random(bytes.length)] = random(256);
  return bytes.subarray(0, random(5) === 0 ? random(bytes.length + 1) : bytes.length);
}

it("survives 1,000 conversations that go wrong, in pieces of any size, and serves a good client after each hundred", async () => {
  const failures = new Set<string>();
  for (let seed = 1; seed <= 1_000; seed++) {
    const random = makeRandom(seed);
    const one = join(folder, `${seed}.sock`);
    await using target = await serveFunction(definition, one);
    const client = await VfioUserClient.connect(one);
    // DMA is asked for meanwhile: whatever the client says of it, it is settled in the end.
    const dma = [0, 1].map(() => target.dma.write(0n, Buffer.alloc(1)).catch((error: unknown) => error));
    const noise = makeNoise(random);
    for (let at = 0; at < noise.length;) {
      const length = 1 + random(noise.length - at);
      client.send(noise.subarray(at, at + length));
      at += length;
    }
    client.end();
    await client.closed();
    await Promise.all(dma);
    const { failure } = target;
    if (failure !== null) expect({ seed, name: failure.name }).toEqual({ seed, name: "ProtocolError" });
    failures.add(failure?.message.replaceAll(/\d+|0x[0-9a-f]+/g, "n") ?? "none");
    if (seed % 100 === 0) {
      const good = await VfioUserClient.greet(one);
      expect((await good.ask("VFIO_USER_DEVICE_RESET", {})).error).toBeNull();
    }
  }
  // Had the noise gone wrong in one way only, it would have shown little.
  expect(failures.size).toBeGreaterThan(15);
}, 60_000);
