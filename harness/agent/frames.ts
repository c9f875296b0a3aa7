/** Framing of the agent's channels: a 4-byte big-endian length, then so many bytes of UTF-8 JSON. */

/** Longest frame, in bytes. */
export const frameLimit = 1024 * 1024;

const headerBytes = 4;

/**
 * A message as a frame.
 * @throws {RangeError} where it is too long for one
 */
export function encodeFrame(message: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(message), "utf8");
  if (body.length > frameLimit) throw new RangeError(`a frame of ${body.length} bytes, over ${frameLimit}`);
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32BE(body.length);
  return Buffer.concat([header, body]);
}

/** Takes frames out of a stream of bytes. */
export class FrameSplitter {
  #chunks: Buffer[] = [];
  #bytes = 0;

  /**
   * The bodies of the frames that the chunk completes.
   * @throws {RangeError} where a length is none: after that nothing of the stream can be understood
   */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    const bodies: Buffer[] = [];
    while (this.#bytes >= headerBytes) {
      const all = this.#join();
      const length = all.readUInt32BE(0);
      if (length === 0 || length > frameLimit)
        throw new RangeError(`a frame of ${length} bytes, not 1 to ${frameLimit}`);
      if (this.#bytes < headerBytes + length) break;
      bodies.push(all.subarray(headerBytes, headerBytes + length));
      this.#keep(all.subarray(headerBytes + length));
    }
    return bodies;
  }

  #join(): Buffer {
    const [first] = this.#chunks;
    if (first !== undefined && this.#chunks.length === 1) return first;
    const all = Buffer.concat(this.#chunks);
    this.#keep(all);
    return all;
  }

  #keep(rest: Buffer): void {
    this.#chunks = [rest];
    this.#bytes = rest.length;
  }
}
