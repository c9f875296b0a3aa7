/** Splits a stream of bytes into lines of bounded length. */
export class LineSplitter {
  readonly #limit: number;
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  /** Lines may have `limit` bytes at most. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * The lines that the chunk completes, without their line ends.
   * @throws {RangeError} where a line is longer than the limit
   */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
      this.#keep(chunk.subarray(start, end));
      lines.push(Buffer.concat(this.#pending).toString("utf8").replace(/\r$/, ""));
      this.#pending = [];
      this.#pendingBytes = 0;
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return lines;
  }

  #keep(part: Buffer): void {
    this.#pendingBytes += part.length;
    if (this.#pendingBytes > this.#limit) throw new RangeError(`a line is longer than ${this.#limit} bytes`);
    this.#pending.push(part);
  }
}
