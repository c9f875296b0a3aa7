/** The relay, with a client that sends eventfds: each interrupt reaches the eventfd that was given for it, and bytes come as they were sent. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { createScratch, type Scratch } from "../../lifecycle/scratch.ts";
import { startRelay, type Relay } from "./start-relay.ts";

// Programs are compiled and started here, on machines that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const sources = ["relay.c", "eventfds.c"].map((name) => fileURLToPath(new URL(name, import.meta.url)));
const clientProgram = fileURLToPath(new URL("../../testing/eventfd-client.py", import.meta.url));

const version = 1;
const setIrqs = 8;
const none = 0x21;
const eventfd = 0x24;
const msix = 2;

/** A message; see the vfio-user protocol, section "Header". */
function message(command: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt16LE(command, 2);
  header.writeUInt32LE(16 + payload.length, 4);
  return Buffer.concat([header, payload]);
}

/** VFIO_USER_DEVICE_SET_IRQS. */
const irqs = (flags: number, index: number, start: number, count: number): Buffer =>
  message(setIrqs, Buffer.from(new Uint32Array([20, flags, index, start, count]).buffer));

let built: string;
let program: string;
beforeAll(async () => {
  built = await mkdtemp(join(tmpdir(), "zr-"));
  program = join(built, "relay");
  await execa("cc", ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fsanitize=undefined", "-o", program, ...sources]);
});
afterAll(() => rm(built, { recursive: true }));

let folder: string;
let scratch: Scratch;
let server: Server;
let received: Buffer[];
let connections: Socket[];
let relay: Relay;
let client: ReturnType<typeof startClient>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zr-"));
  scratch = await createScratch({ parent: folder });
  [received, connections] = [[], []];
  server = createServer((socket) => {
    connections.push(socket);
    socket.on("data", (chunk) => void received.push(chunk)).on("error", () => undefined);
  });
  await new Promise<void>((resolve) => void server.listen(join(folder, "server"), resolve));
  relay = await startRelay(place());
  client = startClient();
});
afterEach(async () => {
  await client.leave();
  await relay[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
  server.close();
  await rm(folder, { recursive: true });
});

const place = () => ({ program, listen: join(folder, "client"), server: join(folder, "server"), scratch });

function startClient() {
  const child = execa("python3", [clientProgram, join(folder, "client")], { reject: false, buffer: false });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (line: string): Promise<string> => {
    child.stdin.write(`${line}\n`);
    return (await lines.next()).value as string;
  };
  return {
    send: (bytes: Buffer, fds = 0) => ask(`send ${bytes.toString("hex")} ${fds}`),
    /** How often an eventfd has been written since the last time. */
    count: async (fd: number) => Number(await ask(`count ${fd}`)),
    read: (bytes: number) => ask(`read ${bytes}`),
    leave: async () => {
      child.stdin.end();
      await child;
    },
  };
}

/** Waits until the server has so many bytes: what came before them has been heeded. */
const settled = (bytes: number): Promise<void> =>
  vi.waitFor(() => {
    expect(Buffer.concat(received)).toHaveLength(bytes);
  });

it("passes bytes both ways as they are", async () => {
  const bytes = Buffer.concat([message(version, Buffer.from("hello")), message(9, Buffer.alloc(100_000, "x"))]);
  await client.send(bytes.subarray(0, 7));
  await client.send(bytes.subarray(7));
  await settled(bytes.length);
  expect(Buffer.concat(received)).toEqual(bytes);
  connections[0]?.write("an answer");
  expect(await client.read(9)).toBe(Buffer.from("an answer").toString("hex"));
});

it("writes the eventfd of the vector that is raised, and no other", async () => {
  await client.send(irqs(eventfd, msix, 0, 2), 2);
  await client.send(irqs(eventfd, msix, 3, 1), 1);
  await settled(72);
  expect([await relay.raise(1), await relay.raise(1), await relay.raise(3), await relay.raise(2)]).toEqual([
    "raised",
    "raised",
    "raised",
    "silent",
  ]);
  expect([await client.count(0), await client.count(1), await client.count(2)]).toEqual([0, 2, 1]);
});

it("gives descriptors to the message that they came with, and to none that came before", async () => {
  // Memory comes with a descriptor, too, which is of no use.
  await client.send(Buffer.concat([irqs(eventfd, msix, 0, 1), message(2, Buffer.alloc(32))]), 0);
  await client.send(message(2, Buffer.alloc(32)), 1);
  await client.send(message(9, Buffer.alloc(8)));
  await client.send(irqs(eventfd, msix, 1, 1), 1);
  await settled(36 + 48 + 48 + 24 + 36);
  expect([await relay.raise(0), await relay.raise(1)]).toEqual(["silent", "raised"]);
  expect([await client.count(0), await client.count(1)]).toEqual([0, 1]);
});

it("takes a message that comes in pieces", async () => {
  const bytes = irqs(eventfd, msix, 0, 1);
  await client.send(bytes.subarray(0, 20), 1);
  await client.send(bytes.subarray(20));
  await settled(bytes.length);
  expect(await relay.raise(0)).toBe("raised");
});

it("forgets vectors that are switched off, all of them or some", async () => {
  await client.send(irqs(eventfd, msix, 0, 3), 3);
  await client.send(irqs(eventfd, msix, 1, 1));
  await settled(72);
  expect([await relay.raise(0), await relay.raise(1), await relay.raise(2)]).toEqual(["raised", "silent", "raised"]);
  await client.send(irqs(none, msix, 0, 0));
  await settled(108);
  expect([await relay.raise(0), await relay.raise(2)]).toEqual(["silent", "silent"]);
});

it("heeds no message that makes no sense, and passes it on", async () => {
  const bad = [irqs(eventfd, 1, 0, 1), irqs(eventfd, msix, 2048, 1), irqs(eventfd, msix, 1, 0xffff_ffff)];
  for (const each of bad) await client.send(each, 1);
  await settled(3 * 36);
  expect([await relay.raise(0), await relay.raise(1), await relay.raise(9999)]).toEqual([
    "silent",
    "silent",
    "silent",
  ]);
});

it("lets go of a client that speaks of a message shorter than its header, and serves the next", async () => {
  await client.send(irqs(eventfd, msix, 0, 1), 1);
  const nonsense = Buffer.alloc(16);
  await client.send(nonsense);
  await settled(36 + 16);
  await vi.waitFor(() => {
    expect(connections[0]?.readableEnded).toBe(true);
  });
  expect(await relay.raise(0)).toBe("silent");
  await client.leave();
  client = startClient();
  await client.send(irqs(eventfd, msix, 0, 1), 1);
  await settled(36 + 16 + 36);
  expect(await relay.raise(0)).toBe("raised");
});

it("says what became of it", async () => {
  await relay[Symbol.asyncDispose]();
  await expect(relay.raise(0)).rejects.toThrow("The relay of interrupts has ended");
  await expect(startRelay(place())).rejects.toThrow(`relay: ${join(folder, "client")}: Address already in use`);
});
