/** Keeps the end of an endless text: bounded, whatever the other side writes. */
export class TailText {
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #kept = 0;
  #position = 0;

  /** Keeps the last `limit` bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes written so far, kept or not. */
  get position(): number {
    return this.#position;
  }

  /** Appends a chunk. */
  push(chunk: Buffer): void {
    this.#position += chunk.length;
    this.#kept += chunk.length;
    this.#chunks.push(chunk);
    // Joined only when twice the limit has gathered, so that many small chunks stay cheap.
    if (this.#kept > 2 * this.#limit) this.#join();
  }

  /** What was written from a position on, as far as it is kept. */
  textFrom(position: number): string {
    const kept = this.#join();
    const start = Math.max(0, position - (this.#position - kept.length));
    return kept.subarray(start).toString("utf8");
  }

  #join(): Buffer {
    const kept = Buffer.concat(this.#chunks).subarray(-this.#limit);
    this.#chunks = [kept];
    this.#kept = kept.length;
    return kept;
  }
}
