/** A channel to the guest that carries framed JSON objects. */
import type { Duplex } from "node:stream";
import { ClosedError, InfrastructureError, type HarnessError } from "../errors/harness-error.ts";
import { encodeFrame, FrameSplitter } from "./frames.ts";

/** Characters of an unreadable message that an error shows. */
const shownCharacters = 200;

/** Reads and writes frames; closed for good by the first thing it cannot understand. */
export class FrameChannel implements Disposable {
  readonly #name: string;
  readonly #stream: Duplex;
  readonly #frames = new FrameSplitter();
  readonly #closed = new AbortController();

  /** `name` says in errors which channel it was; `receive` is given each message, parsed but not checked. */
  constructor(name: string, stream: Duplex, receive: (message: unknown) => void) {
    this.#name = name;
    this.#stream = stream;
    stream.on("data", (chunk: Buffer) => {
      this.#take(chunk, receive);
    });
    stream.on("error", (cause) => {
      this.#close(new ClosedError({ what: `Cannot read the ${name}`, cause }));
    });
    stream.on("close", () => {
      this.#close(new ClosedError({ what: `Cannot use the ${name}: the machine closed it` }));
    });
  }

  /** Aborted, with the error as its reason, when the channel can no longer be used. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /**
   * Sends messages, in one go.
   * @throws {InfrastructureError} where the channel is closed, with the reason
   */
  send(...messages: readonly unknown[]): void {
    this.#closed.signal.throwIfAborted();
    this.#stream.write(Buffer.concat(messages.map(encodeFrame)));
  }

  [Symbol.dispose](): void {
    this.#close(new InfrastructureError({ what: `Cannot use the ${this.#name}: it was closed here` }));
  }

  #close(reason: HarnessError): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort(reason);
    this.#stream.destroy();
  }

  #take(chunk: Buffer, receive: (message: unknown) => void): void {
    if (this.#closed.signal.aborted) return;
    let shown = "";
    try {
      for (const body of this.#frames.push(chunk)) {
        const text = body.toString("utf8");
        shown = ` after ${JSON.stringify(text.slice(0, shownCharacters))}`;
        receive(JSON.parse(text));
      }
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      this.#close(new InfrastructureError({ what: `Cannot understand the ${this.#name}${shown}: ${why}`, cause }));
    }
  }
}
