/** One client's connection: its requests answered in order, ours sent and their replies waited for. */
import { channel } from "node:diagnostics_channel";
import type { Duplex } from "node:stream";
import { ClosedError } from "../errors/harness-error.ts";
import { encodeError, encodeReply, encodeRequest, MessageSplitter, type Message } from "./framing.ts";
import { sizeOf } from "./layout.ts";
import { messageOf, messages, type ClientMessage, type MessageDefinition, type ServerMessage } from "./messages.ts";
import { ErrorReply, ProtocolError, RefusedRequest } from "./protocol-error.ts";
import { answerVersion, readVersion, type ClientCapabilities } from "./version.ts";

/**
 * Answers a request of the client with what follows the header of the reply. While a promise is not settled, the requests
 * behind it wait, and replies still come through.
 * @throws {RefusedRequest} for the reply to be an error; {ProtocolError} where the request makes no sense
 */
export type AnswerRequest = (name: Exclude<ClientMessage, "VFIO_USER_VERSION">, payload: Buffer) => Answer;

/** What an answer is made of, now or later. */
export type Answer = Uint8Array | Promise<Uint8Array>;

/** Name of the diagnostics channel that tells of every message that comes. */
export const messageChannel = "zpci-hil:vfio-user:message";
const arrivals = channel(messageChannel);

/** Requests that may wait while one is held. */
const waitingLimit = 4096;
/** Messages have 16 bits for their number, and a number is not used twice at a time. */
const ids = 0x1_0000;

interface Pending {
  readonly command: number;
  /** Checks what came back. */
  readonly check: (payload: Buffer) => void;
  readonly what: string;
  readonly resolve: (payload: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/** A message that need not be one of the protocol's. */
export interface RawMessage {
  readonly command: number;
  readonly kind: "request" | "reply";
  readonly payload: Uint8Array;
}

/** A connection to a client; closed for good by the first thing that makes no sense. */
export class Connection implements Disposable {
  readonly #stream: Duplex;
  readonly #answer: AnswerRequest;
  readonly #splitter = new MessageSplitter();
  readonly #waiting: Message[] = [];
  readonly #pending = new Map<number, Pending>();
  readonly #closed = new AbortController();
  #held = false;
  #lastId = -1;
  #client: ClientCapabilities | null = null;

  constructor(stream: Duplex, answer: AnswerRequest) {
    this.#stream = stream;
    this.#answer = answer;
    stream.on("data", (chunk: Buffer) => {
      this.#take(chunk);
    });
    stream.on("error", (cause) => {
      this.#close(new ClosedError({ what: "Cannot use the vfio-user connection", cause }));
    });
    const leave = (): void => {
      this.#close(
        this.#splitter.unfinished
          ? new ProtocolError("The client left in the middle of a message")
          : new ClosedError({ what: "Cannot use the vfio-user connection: the client closed it" }),
      );
    };
    stream.on("end", leave);
    stream.on("close", leave);
  }

  /** Aborted, with the error as its reason, when the connection can no longer be used. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** What the client said of itself; null before it did. */
  get client(): ClientCapabilities | null {
    return this.#client;
  }

  /**
   * Sends a request and waits for what follows the header of its reply.
   * @throws {ErrorReply} where the client refuses; the reason of `closed` where there is no connection any more
   */
  request(name: ServerMessage, payload: Uint8Array): Promise<Buffer> {
    const { command, reply, more } = messages[name];
    return this.#ask(name, command, payload, (answer) => {
      checkSize(`A reply to ${name}`, answer, reply, more.reply);
    });
  }

  /** Sends a message whatever the protocol says of it; the errno of the reply, null where none was given or none comes. */
  async sendRaw({ command, kind, payload }: RawMessage): Promise<string | null> {
    if (kind === "reply") {
      this.#closed.signal.throwIfAborted();
      this.#stream.write(encodeReply(this.#takeId(), command, payload));
      return null;
    }
    try {
      await this.#ask(`command ${command}`, command, payload, () => undefined);
      return null;
    } catch (error) {
      if (error instanceof ErrorReply) return error.errno;
      throw error;
    }
  }

  #ask(what: string, command: number, payload: Uint8Array, check: Pending["check"]): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#closed.signal.throwIfAborted();
      const id = this.#takeId();
      this.#pending.set(id, { command, what, check, resolve, reject });
      this.#stream.write(encodeRequest(id, command, payload));
    });
  }

  /** A number that no request has that waits for its reply. */
  #takeId(): number {
    if (this.#pending.size === ids) throw new Error("Cannot ask the client: all numbers of messages are in use");
    do this.#lastId = (this.#lastId + 1) % ids;
    while (this.#pending.has(this.#lastId));
    return this.#lastId;
  }

  [Symbol.dispose](): void {
    this.#close(new ClosedError({ what: "Cannot use the vfio-user connection: it was closed here" }));
  }

  #close(reason: Error): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort(reason);
    this.#waiting.length = 0;
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
    this.#stream.destroy();
  }

  #take(chunk: Buffer): void {
    try {
      for (const message of this.#splitter.push(chunk)) {
        if (this.#closed.signal.aborted) return;
        if (arrivals.hasSubscribers) arrivals.publish(message);
        if (message.kind === "reply") this.#settle(message);
        else this.#queue(message);
      }
    } catch (error) {
      this.#close(asError(error));
    }
  }

  #settle({ id, command, error, payload }: Message): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) throw new ProtocolError(`A reply to message ${id}, which nobody sent`);
    if (command !== pending.command) {
      throw new ProtocolError(`A reply to message ${id} with command ${command}, expected ${pending.command}`);
    }
    this.#pending.delete(id);
    if (error !== null) {
      pending.reject(new ErrorReply(pending.what, error));
      return;
    }
    try {
      pending.check(payload);
      pending.resolve(payload);
    } catch (reason) {
      pending.reject(asError(reason));
      throw reason;
    }
  }

  #queue(message: Message): void {
    if (this.#waiting.length === waitingLimit) {
      throw new ProtocolError(`More than ${waitingLimit} requests while one is held`);
    }
    this.#waiting.push(message);
    if (!this.#held) this.#serveWaiting();
  }

  /** "The server will process commands in the order they are received" (section "Command Concurrency"). */
  #serveWaiting(): void {
    for (let message = this.#waiting.shift(); message !== undefined; message = this.#waiting.shift()) {
      const answer = this.#serve(message);
      if (!(answer instanceof Promise)) {
        this.#reply(message, answer);
        continue;
      }
      const held = message;
      this.#held = true;
      answer
        .catch(toRefusal)
        .then((late) => {
          this.#held = false;
          this.#reply(held, late);
          this.#serveWaiting();
        })
        .catch((error: unknown) => {
          this.#close(asError(error));
        });
      return;
    }
  }

  /** The answer to a request, or why it is not granted. */
  #serve({ command, payload, error }: Message): Uint8Array | RefusedRequest | Promise<Uint8Array> {
    const name = messageOf(command);
    if (error !== null) throw new ProtocolError(`A request with command ${command} and the Error bit`);
    if (this.#client === null) {
      if (name !== "VFIO_USER_VERSION") {
        throw new ProtocolError(`A request with command ${command} before VFIO_USER_VERSION`);
      }
      this.#client = readVersion(payload);
      return answerVersion(this.#client);
    }
    if (name === undefined) return new RefusedRequest("ENOTSUP", `no message has command ${command}`);
    if (name === "VFIO_USER_VERSION") throw new ProtocolError("VFIO_USER_VERSION a second time");
    if (!isOfClient(name)) throw new ProtocolError(`${name} from the client, which is the server's to send`);
    const definition: MessageDefinition = messages[name];
    checkSize(name, payload, definition.request, definition.more?.request);
    try {
      return this.#answer(name, payload);
    } catch (reason) {
      return toRefusal(reason);
    }
  }

  #reply({ id, command, noReply }: Message, answer: Uint8Array | RefusedRequest): void {
    if (noReply || this.#closed.signal.aborted) return;
    const refused = answer instanceof RefusedRequest;
    this.#stream.write(refused ? encodeError(id, command, answer.errno) : encodeReply(id, command, answer));
  }
}

const isOfClient = (name: keyof typeof messages): name is Exclude<ClientMessage, "VFIO_USER_VERSION"> =>
  messages[name].from === "client" && name !== "VFIO_USER_VERSION";

function checkSize(what: string, payload: Buffer, layout: MessageDefinition["request"], more?: true): void {
  const size = sizeOf(layout);
  if (payload.length < size || (more !== true && payload.length > size)) {
    throw new ProtocolError(
      `${what} of ${payload.length} bytes, expected ${size}${more === true ? " at least" : ""}`,
    );
  }
}

function toRefusal(reason: unknown): RefusedRequest {
  if (reason instanceof RefusedRequest) return reason;
  throw reason;
}

const asError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)));
