/** Client of the worker: one request at a time, each with its answer. */
import type { Duplex } from "node:stream";
import { InfrastructureError } from "../errors/harness-error.ts";
import { withLimit } from "../wait/with-limit.ts";
import { answerSchema, helloSchema, readAs, refusalSchema, type AgentAnswer, type AgentHello } from "./answers.ts";
import { FrameChannel } from "./frame-channel.ts";

interface Awaited<T> {
  readonly promise: Promise<T>;
  readonly settle: (value: T | Promise<T>) => void;
}

function makeAwaited<T>(): Awaited<T> {
  let settle: Awaited<T>["settle"] = () => undefined;
  const promise = new Promise<T>((resolve) => {
    settle = resolve;
  });
  promise.catch(() => undefined);
  return { promise, settle };
}

/** A worker's client, on the port `zhil.agent` or the standard streams of an agent elsewhere. */
export class AgentClient implements Disposable {
  readonly #channel: FrameChannel;
  #hello = makeAwaited<AgentHello>();
  #pending: { readonly id: number; readonly answer: Awaited<AgentAnswer> } | null = null;
  #lastId = 0;
  #lastSeen = "no message";

  readonly #pid: number | undefined;

  /** @param pid the process that the agent runs in, for what it may take: see {@link withLimit} */
  constructor(stream: Duplex, pid?: number) {
    this.#pid = pid;
    this.#channel = new FrameChannel("agent's channel", stream, (message) => {
      this.#receive(message);
    });
  }

  /** Makes ready for the hello of another worker, before that is started; whatever the last one owed is forgotten. */
  expectAnother(): void {
    this.#hello = makeAwaited<AgentHello>();
    this.#pending = null;
    this.#lastSeen = "no message of the new worker";
  }

  /**
   * Waits for the agent to say that it is there.
   * @throws {InfrastructureError} where the channel closes; {TimeLimitError}
   */
  waitForHello(signal: AbortSignal, limit: number): Promise<AgentHello> {
    return this.#until("the agent's hello", signal, limit, () => this.#hello.promise);
  }

  /**
   * Has something done and returns the agent's answer, whatever its result.
   * @throws {InfrastructureError} where no answer was had: refused, malformed, channel closed; {TimeLimitError}
   */
  async request(
    op: string,
    fields: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
    limit: number,
  ): Promise<AgentAnswer> {
    // Only an answer makes it free, however late: it must not be taken for the next request's.
    if (this.#pending !== null) {
      throw new InfrastructureError({ what: `Cannot ask the agent for "${op}": it is busy` });
    }
    const id = ++this.#lastId;
    const answer = makeAwaited<AgentAnswer>();
    this.#pending = { id, answer };
    return this.#until(`the agent's answer to "${op}"`, signal, limit, () => {
      this.#channel.send({ ...fields, id, op });
      return answer.promise;
    });
  }

  /** Closes the channel; whatever waits is refused. */
  [Symbol.dispose](): void {
    this.#channel[Symbol.dispose]();
  }

  #until<T>(what: string, signal: AbortSignal, limit: number, begin: () => Promise<T>): Promise<T> {
    const either = AbortSignal.any([signal, this.#channel.closed]);
    const pid = this.#pid === undefined ? {} : { pid: this.#pid };
    return withLimit({ what, limit, signal: either, lastSeen: () => this.#lastSeen, ...pid }, begin);
  }

  #receive(message: unknown): void {
    const refusal = refusalSchema.safeParse(message);
    if (refusal.success) {
      this.#lastSeen = "a refusal";
      const error = new InfrastructureError({ what: `The agent refused: ${refusal.data.error}` });
      this.#pending?.answer.settle(Promise.reject(error));
      this.#pending = null;
      return;
    }
    if (typeof message === "object" && message !== null && "hello" in message) {
      this.#lastSeen = "its hello";
      this.#hello.settle(readAs(helloSchema, message));
      return;
    }
    const answer = readAs(answerSchema, message);
    this.#lastSeen = `the answer to request ${answer.id}`;
    if (this.#pending?.id !== answer.id) throw new Error(`request ${answer.id} is not pending`);
    this.#pending.answer.settle(answer);
    this.#pending = null;
  }
}
