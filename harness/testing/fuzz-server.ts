/** Conversations of a sound client with one thing or several wrong, against a function's server. */
import { finished } from "node:stream/promises";
import { Connection } from "../vfio-user/connection.ts";
import { makeDma } from "../vfio-user/dma.ts";
import { encodeError, encodeReply, encodeRequest, MessageSplitter } from "../vfio-user/framing.ts";
import { defineFunction } from "../vfio-user/function-definition.ts";
import { FunctionServer } from "../vfio-user/function-server.ts";
import type { Fields } from "../vfio-user/layout.ts";
import { messages, type MessageName } from "../vfio-user/messages.ts";
import { makeRandom } from "./random.ts";
import { makeStreamPair } from "./stream-pair.ts";
import { payloadOf, usualVersionData } from "./vfio-user-client.ts";

type Random = (below: number) => number;

const definition = defineFunction({
  identity: { vendor: 1, device: 2, classCode: 0xff0000 },
  bars: { 0: { size: 4096, registers: { one: { offset: 0, size: 4, read: () => 7n, write: () => undefined } } } },
  msix: { vectors: 4, bar: 1 },
});

/** What came of conversations. */
export interface FuzzTally {
  readonly conversations: number;
  /** How they ended: reasons, numbers left out. */
  readonly ends: ReadonlySet<string>;
}

const request = <N extends MessageName>(
  name: N,
  fields: Fields<(typeof messages)[N]["request"]>,
  data?: Uint8Array,
): Buffer => encodeRequest(1, messages[name].command, payloadOf(name, fields, data));

/** What QEMU says, more or less, from its greeting on. */
function makeConversation(random: Random): Buffer[] {
  const range = () => ({ address: BigInt(random(8)) * 0x1000n, size: BigInt(1 + random(4)) * 0x1000n });
  const some: (() => Buffer)[] = [
    () => request("VFIO_USER_DMA_MAP", { argsz: 32, flags: 3, offset: 0n, ...range() }),
    () => request("VFIO_USER_DMA_UNMAP", { argsz: 24, flags: 0, ...range() }),
    () => request("VFIO_USER_REGION_READ", { offset: BigInt(random(64)), region: random(9), count: 1 + random(8) }),
    () => request("VFIO_USER_REGION_WRITE", { offset: 4n, region: 7, count: 2 }, Buffer.from([6, 0])),
    () =>
      request("VFIO_USER_DEVICE_GET_REGION_INFO", { ...info, index: random(9), capOffset: 0, size: 0n, offset: 0n }),
    () => request("VFIO_USER_DEVICE_GET_IRQ_INFO", { ...info, index: random(5), count: 0 }),
    () => request("VFIO_USER_DEVICE_SET_IRQS", { ...info, index: 2, start: 0, count: random(5) }),
    () => request("VFIO_USER_DEVICE_RESET", {}),
    () => encodeReply(0, messages.VFIO_USER_DMA_WRITE.command, Buffer.alloc(0)),
    () => encodeError(random(2), messages.VFIO_USER_DMA_WRITE.command, random(200)),
  ];
  return [
    request("VFIO_USER_VERSION", { major: 0, minor: 0 }, Buffer.from(usualVersionData)),
    request("VFIO_USER_DEVICE_GET_INFO", { ...info, regions: 0, irqs: 0 }),
    ...Array.from({ length: random(20) }, () => some[random(some.length)]!()),
  ];
}

const info = { argsz: 32, flags: 0 };
const numbers = [0, 1, 0x7f, 0x80, 0xff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

/** What goes wrong with messages. */
const mutations: readonly ((parts: Buffer[], at: number, random: Random) => void)[] = [
  // A bit, a byte, a number at the edge of its range.
  (parts, at, random) => {
    withPlace(parts[at]!, 1, random, (bytes, place) => (bytes[place]! ^= 1 << random(8)));
  },
  (parts, at, random) => {
    withPlace(parts[at]!, 1, random, (bytes, place) => (bytes[place] = random(256)));
  },
  (parts, at, random) => {
    withPlace(parts[at]!, 4, random, (bytes, place) => bytes.writeUInt32LE(numbers[random(8)]!, place & ~3));
  },
  // Cut short, grown, and the header none the wiser; or telling of it.
  (parts, at, random) => (parts[at] = parts[at]!.subarray(0, random(parts[at]!.length + 1))),
  (parts, at, random) => (parts[at] = Buffer.concat([parts[at]!, Buffer.alloc(1 + random(64), random(256))])),
  (parts, at, random) => {
    parts[at] = Buffer.from(parts[at]!.subarray(0, 16 + random(64)));
    if (parts[at].length >= 8) parts[at].writeUInt32LE(parts[at].length, 4);
  },
  // Left out, said twice, said before its turn.
  (parts, at) => parts.splice(at, 1),
  (parts, at) => parts.splice(at, 0, Buffer.from(parts[at]!)),
  (parts, at, random) => parts.splice(random(parts.length), 0, ...parts.splice(at, 1)),
];

function withPlace(
  bytes: Buffer,
  size: number,
  random: Random,
  change: (bytes: Buffer, place: number) => void,
): void {
  if (bytes.length >= size) change(bytes, random(bytes.length - size + 1));
}

/**
 * Holds conversations, each by a seed of its own counted up from the first, while `goesOn` says so.
 * @throws {Error} that names the seed, where a server does anything but go on or close with a ProtocolError
 */
export async function fuzzServer(firstSeed: number, goesOn: (conversations: number) => boolean): Promise<FuzzTally> {
  const ends = new Set<string>();
  let conversations = 0;
  for (; goesOn(conversations); conversations++) {
    const seed = (firstSeed + conversations) >>> 0;
    try {
      ends.add(await converse(makeRandom(seed)));
    } catch (cause) {
      throw new Error(`The conversation of seed ${seed} went wrong`, { cause });
    }
  }
  return { conversations, ends };
}

async function converse(random: Random): Promise<string> {
  const parts = makeConversation(random);
  for (let count = random(4); count > 0 && parts.length > 0; count--) {
    mutations[random(mutations.length)]!(parts, random(parts.length), random);
  }
  const [ours, theirs] = makeStreamPair();
  theirs.on("error", () => undefined);
  const dma = makeDma(() => connection);
  const server = new FunctionServer(definition, {
    dma,
    raise: () => Promise.reject(new Error("Nobody raises any")),
    page: () => Buffer.alloc(4096),
  });
  const connection = new Connection(ours, server.answer);
  const answers = [];
  const splitter = new MessageSplitter();
  theirs.on("data", (chunk: Buffer) => answers.push(...splitter.push(chunk)));
  // DMA is asked for meanwhile: whatever is said of it, it is settled in the end.
  const asked = [0, 1].map(() => dma.write(0n, Buffer.alloc(1)).catch((error: unknown) => error));
  const bytes = Buffer.concat(parts);
  for (let at = 0; at < bytes.length && !theirs.destroyed;) {
    const length = 1 + random(Math.min(bytes.length - at, 200));
    theirs.write(bytes.subarray(at, at + length));
    at += length;
  }
  theirs.end();
  await Promise.all([finished(ours).catch(() => undefined), ...asked]);
  checkMappings(server);
  const reason: unknown = connection.closed.reason;
  if (!(reason instanceof Error)) throw new Error("The connection is open still");
  if (!["ProtocolError", "ClosedError"].includes(reason.name)) throw reason;
  return reason.message.replaceAll(/0x[0-9a-f]+|\d+/gu, "n").replace(/".*"/u, '"…"');
}

/** However it came to them, mappings are in order and do not overlap. */
function checkMappings({ mappings }: FunctionServer): void {
  for (const [index, { iova, size }] of mappings.entries()) {
    const next = mappings[index + 1];
    if (size <= 0n || (next !== undefined && iova + size > next.iova)) throw new Error("Mappings overlap");
  }
}
