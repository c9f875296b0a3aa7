/** Messages in a stream of bytes (vfio-user protocol, section "Header"). */
import { decode, encode, sizeOf, type Fields } from "./layout.ts";
import { ProtocolError } from "./protocol-error.ts";

const headerLayout = { id: "u16", command: "u16", size: "u32", flags: "u32", error: "u32" } as const;
const headerBytes = sizeOf(headerLayout);

/** Largest transfer of data in one message that is agreed to, in bytes: what the specification has as the default. */
export const transferLimit = 1024 * 1024;
/** Longest message taken, in bytes: a transfer with its structures. */
export const messageLimit = transferLimit + 4096;

const typeMask = 0xf;
const replyType = 1;
const noReplyBit = 0x10;
const errorBit = 0x20;
const knownBits = typeMask | noReplyBit | errorBit;

/** A message as it came. */
export interface Message {
  /** The sender's own number of the request, repeated in the reply. */
  readonly id: number;
  readonly command: number;
  readonly kind: "request" | "reply";
  /** No reply is wanted. */
  readonly noReply: boolean;
  /** The errno of a reply with the Error bit, 0 where it has none; null where nothing went wrong. */
  readonly error: number | null;
  readonly payload: Buffer;
}

/** A request. */
export const encodeRequest = (id: number, command: number, payload: Uint8Array): Buffer =>
  encodeMessage({ id, command, flags: 0, error: 0 }, payload);

/** A reply. */
export const encodeReply = (id: number, command: number, payload: Uint8Array): Buffer =>
  encodeMessage({ id, command, flags: replyType, error: 0 }, payload);

/** A reply that says why a request was not granted: "the reply message must only include the reply header". */
export const encodeError = (id: number, command: number, error: number): Buffer =>
  encodeMessage({ id, command, flags: replyType | errorBit, error }, Buffer.alloc(0));

function encodeMessage(header: Omit<Fields<typeof headerLayout>, "size">, payload: Uint8Array): Buffer {
  return encode(headerLayout, { ...header, size: headerBytes + payload.length }, payload);
}

/** Takes messages out of a stream. */
export class MessageSplitter {
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** Bytes of the message that is coming, known once its header is there. */
  #wanted = headerBytes;

  /** True in the middle of a message. */
  get unfinished(): boolean {
    return this.#bytes > 0;
  }

  /**
   * The messages that the chunk completes.
   * @throws {ProtocolError} where a header makes no sense: after that nothing of the stream can be understood
   */
  *push(chunk: Buffer): Generator<Message> {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    while (this.#bytes >= this.#wanted) {
      const all = this.#join();
      const header = decode("A header", headerLayout, all);
      checkHeader(header);
      this.#wanted = header.size;
      if (this.#bytes < header.size) return;
      this.#keep(all.subarray(header.size));
      this.#wanted = headerBytes;
      yield toMessage(header, all.subarray(headerBytes, header.size));
    }
  }

  #join(): Buffer {
    const [first] = this.#chunks;
    const all = first !== undefined && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks);
    this.#keep(all);
    return all;
  }

  #keep(rest: Buffer): void {
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#bytes = rest.length;
  }
}

function checkHeader({ id, command, size, flags }: Fields<typeof headerLayout>): void {
  const which = `Message ${id} with command ${command}`;
  if (size < headerBytes || size > messageLimit) {
    throw new ProtocolError(`${which} says it has ${size} bytes, not ${headerBytes} to ${messageLimit}`);
  }
  const type = flags & typeMask;
  if (type > replyType || (flags & ~knownBits) !== 0) {
    throw new ProtocolError(`${which} has flags 0x${flags.toString(16)}, which mean nothing`);
  }
}

function toMessage({ id, command, flags, error }: Fields<typeof headerLayout>, payload: Buffer): Message {
  return {
    ...{ id, command, payload },
    kind: (flags & typeMask) === replyType ? "reply" : "request",
    noReply: (flags & noReplyBit) !== 0,
    error: (flags & errorBit) === 0 ? null : error,
  };
}
