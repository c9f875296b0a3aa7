/** Client of the worker: requests, each with its answer, in order. */
import type { Duplex } from "node:stream";
import { InfrastructureError, RefusalError } from "../errors/harness-error.ts";
import { withLimit } from "../wait/with-limit.ts";
import {
  answerSchema,
  heldSchema,
  helloSchema,
  lookNow,
  readAs,
  refusalSchema,
  type AgentAnswer,
  type AgentHello,
  type FunctionViews,
} from "./answers.ts";
import { FrameChannel } from "./frame-channel.ts";

/** What is asked of an agent. */
export interface AgentRequest {
  readonly op: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /**
   * What is to be done where the device may be in the middle of something: the operation holds until that came back.
   * Of the only request, or the last one of several: the agent takes what comes next for its leave to go on.
   */
  readonly whenHeld?: (() => Promise<void>) | undefined;
}

/** Waits for an answer that was asked for. */
export type AwaitAnswer = (signal: AbortSignal, limit: number) => Promise<AgentAnswer>;

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

interface Pending extends Pick<AgentRequest, "whenHeld"> {
  readonly answer: Awaited<AgentAnswer>;
}

/** A worker's client, on the port `zhil.agent` or the standard streams of an agent elsewhere. */
export class AgentClient implements Disposable {
  readonly #channel: FrameChannel;
  #hello = makeAwaited<AgentHello>();
  /** What was asked for and not answered, by its id. */
  readonly #pending = new Map<number, Pending>();
  /** How the functions looked when the last answer was given. */
  #views: FunctionViews = {};
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
    this.#pending.clear();
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
   * Has something done and returns the agent's answer, whatever its result; for `whenHeld` see {@link AgentRequest}.
   * @throws {InfrastructureError} where no answer was had: refused, malformed, channel closed; {TimeLimitError}
   */
  async request(
    op: string,
    fields: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
    limit: number,
    whenHeld?: () => Promise<void>,
  ): Promise<AgentAnswer> {
    signal.throwIfAborted();
    const [answered] = this.requestAll([{ op, fields, whenHeld }]);
    if (answered === undefined) throw new RangeError("One request has one answer");
    return answered(signal, limit);
  }

  /**
   * Has several things done, one after the other, all asked for before the first is answered. What is returned waits for
   * the answers, as {@link request} does: to be called in order, each when the one before it has been answered.
   * @throws {InfrastructureError} where an earlier request has no answer yet
   */
  requestAll(requests: readonly AgentRequest[]): readonly AwaitAnswer[] {
    // Only an answer makes it free, however late: it must not be taken for the next request's.
    const [first] = requests;
    if (this.#pending.size > 0) {
      throw new InfrastructureError({ what: `Cannot ask the agent for "${first?.op ?? ""}": it is busy` });
    }
    const asked = requests.map((each) => ({ ...each, id: ++this.#lastId, answer: makeAwaited<AgentAnswer>() }));
    for (const { id, ...pending } of asked) this.#pending.set(id, pending);
    this.#channel.send(
      ...asked.map(({ op, fields, whenHeld, id }) => ({ ...fields, ...(whenHeld && { holds: true }), id, op })),
    );
    return asked.map(
      ({ op, answer }): AwaitAnswer =>
        (signal, limit) =>
          this.#until(`the agent's answer to "${op}"`, signal, limit, () => answer.promise),
    );
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
      const { id, error } = refusal.data;
      this.#take(id ?? this.#lastId)?.answer.settle(
        Promise.reject(new RefusalError({ what: `The agent refused: ${error}` })),
      );
      return;
    }
    if (typeof message === "object" && message !== null && "hello" in message) {
      this.#lastSeen = "its hello";
      this.#views = {};
      this.#hello.settle(readAs(helloSchema, message));
      return;
    }
    const held = heldSchema.safeParse(message);
    if (held.success) {
      this.#lastSeen = `that request ${held.data.id} is held`;
      this.#letGo(held.data.id);
      return;
    }
    const answer = readAs(answerSchema, message);
    this.#lastSeen = `the answer to request ${answer.id}`;
    const pending = this.#take(answer.id);
    if (pending === undefined) throw new Error(`request ${answer.id} is not pending`);
    this.#views = lookNow(this.#views, answer.functions);
    pending.answer.settle({ ...answer, functions: this.#views });
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  /** Has the host do its part, and the agent go on; a request that is never let go is as lost as its answer. */
  #letGo(id: number): void {
    const { answer, whenHeld } = this.#pending.get(id) ?? {};
    if (answer === undefined || whenHeld === undefined) throw new Error(`request ${id} is not one that may be held`);
    whenHeld().then(
      () => {
        this.#channel.send({ id, go: true });
      },
      (error: unknown) => {
        answer.settle(Promise.reject(error instanceof Error ? error : new Error(String(error))));
      },
    );
  }
}
