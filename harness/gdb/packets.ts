/**
 * Packets of the GDB Remote Serial Protocol ("Debugging with GDB", appendix E.1, Overview): `$body#checksum`, the body with
 * `}` as escape and runs of equal characters told by `*`.
 */
import { HarnessError } from "../errors/harness-error.ts";

/** Bytes of a body that are taken; QEMU's own limit is 131,104. */
export const bodyLimit = 256 * 1024;

const [dollar, hash, escape, run] = [0x24, 0x23, 0x7d, 0x2a];
const [plus, minus] = [0x2b, 0x2d];
/** What an escaped byte is XORed with. */
const mask = 0x20;
/** A run's count is told by a character, 29 above it. */
const runBase = 29;

/** What a stub says: a packet's body, or that it did (`+`) or did not (`-`) understand one. */
export type Heard =
  | { readonly kind: "packet"; readonly body: string }
  | { readonly kind: "ack" }
  | { readonly kind: "nack" };

/** A stub that does not speak the protocol. */
export class GdbProtocolError extends HarnessError {
  override readonly name = "GdbProtocolError";
}

/** A packet around a body of Latin-1 characters. */
export function encodePacket(body: string): Buffer {
  const bytes: number[] = [];
  for (const byte of Buffer.from(body, "latin1")) {
    if ([dollar, hash, escape, run].includes(byte)) bytes.push(escape, byte ^ mask);
    else bytes.push(byte);
  }
  return Buffer.concat([Buffer.of(dollar), Buffer.from(bytes), Buffer.from(`#${checksumOf(bytes)}`)]);
}

/** Takes what a stub sends apart. */
export class PacketReader {
  #state: "between" | "body" | "first" | "second" = "between";
  #body: number[] = [];
  #digit = "";

  /**
   * Everything that the chunk completes.
   * @throws {GdbProtocolError} where it is no packet, too long, or damaged; the reader is of no use after
   */
  push(chunk: Uint8Array): Heard[] {
    const heard: Heard[] = [];
    for (const byte of chunk) {
      const said = this.#take(byte);
      if (said !== null) heard.push(said);
    }
    return heard;
  }

  #take(byte: number): Heard | null {
    switch (this.#state) {
      case "between":
        if (byte === plus) return { kind: "ack" };
        if (byte === minus) return { kind: "nack" };
        if (byte !== dollar) throw refuse(`byte 0x${byte.toString(16)} between packets`);
        this.#body = [];
        this.#state = "body";
        return null;
      case "body":
        if (byte === hash) this.#state = "first";
        // A packet that begins inside another: the one before was cut off.
        else if (byte === dollar) throw refuse("a packet that ends without a checksum");
        else if (this.#body.push(byte) > bodyLimit) throw refuse(`a packet of more than ${bodyLimit} bytes`);
        return null;
      case "first":
        this.#digit = String.fromCharCode(byte);
        this.#state = "second";
        return null;
      case "second": {
        this.#state = "between";
        const told = `${this.#digit}${String.fromCharCode(byte)}`.toLowerCase();
        const sum = checksumOf(this.#body);
        if (told !== sum) throw refuse(`a packet with checksum ${JSON.stringify(told)} instead of "${sum}"`);
        return { kind: "packet", body: decodeBody(this.#body) };
      }
    }
  }
}

const checksumOf = (bytes: readonly number[]): string =>
  (bytes.reduce((sum, byte) => sum + byte, 0) & 0xff).toString(16).padStart(2, "0");

function decodeBody(bytes: readonly number[]): string {
  const decoded: number[] = [];
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i] ?? 0;
    if (byte !== escape && byte !== run) {
      decoded.push(byte);
      continue;
    }
    i += 1;
    const next = bytes[i];
    if (next === undefined) throw refuse("a packet that ends in the middle of an escape or a run");
    if (byte === escape) {
      decoded.push(next ^ mask);
      continue;
    }
    const last = decoded.at(-1);
    const count = next - runBase;
    if (last === undefined || count < 3 || next > 126) throw refuse("a run of nothing, or of a length that none has");
    if (decoded.length + count > bodyLimit) throw refuse(`a packet of more than ${bodyLimit} bytes`);
    for (let each = 0; each < count; each += 1) decoded.push(last);
  }
  return Buffer.from(decoded).toString("latin1");
}

const refuse = (found: string): GdbProtocolError =>
  new GdbProtocolError({ what: `Cannot understand QEMU's gdbstub: it sent ${found}` });
