/** Client of QEMU's monitor over a connected Unix socket. */
import type { Duplex } from "node:stream";
import { ClosedError, InfrastructureError, type HarnessError } from "../errors/harness-error.ts";
import { withLimit } from "../wait/with-limit.ts";
import { LineSplitter } from "./line-splitter.ts";
import { parseMessage, type QmpEvent, type QmpGreeting, type QmpMessage } from "./messages.ts";

/** Longest line taken from the monitor, in bytes. */
const lineLimit = 1024 * 1024;
/** Limit of one command, in milliseconds. */
const commandLimit = 10_000;
/** How much of a line an error shows. */
const shownCharacters = 200;

/** A wait for an event of the monitor. */
export interface EventWait {
  /** Milliseconds, before ZHIL_TIME_SCALE. */
  readonly limit: number;
  readonly signal: AbortSignal;
  /** Which of the events is meant; the first one where absent. */
  readonly where?: (event: QmpEvent) => boolean;
}

interface Pending {
  readonly command: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** QEMU's own no to a command. */
export class QmpRefusal extends InfrastructureError {}

/** A monitor's client. Once its socket has closed, every call is refused with the reason. */
export class QmpClient implements Disposable {
  readonly #socket: Duplex;
  readonly #lines = new LineSplitter(lineLimit);
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Set<(event: QmpEvent) => void>();
  readonly #closed = new AbortController();
  readonly #greeting: Promise<QmpGreeting>;
  #version = "unknown";
  #greet: (greeting: QmpGreeting) => void = () => undefined;
  #lastId = 0;
  #lastEvent = "no event";

  readonly #pid: number | undefined;

  /** @param pid QEMU's process, for what its answers may take: see {@link withLimit} */
  constructor(socket: Duplex, pid?: number) {
    this.#pid = pid;
    this.#socket = socket;
    this.#greeting = new Promise((resolve) => {
      this.#greet = resolve;
    });
    socket.on("data", (chunk: Buffer) => {
      this.#receive(chunk);
    });
    socket.on("error", (cause) => {
      this.#close(new ClosedError({ what: "Cannot read from QEMU's monitor", cause }));
    });
    socket.on("close", () => {
      this.#close(new ClosedError({ what: "Cannot use QEMU's monitor: QEMU closed it" }));
    });
  }

  /**
   * Waits for the greeting and leaves capabilities negotiation: the monitor then takes commands and tells of events.
   * Subscribe before, or what happens at once is missed.
   * @throws {InfrastructureError} where the monitor closes or speaks something else; {TimeLimitError}
   */
  async negotiate(limit: number, signal: AbortSignal): Promise<void> {
    const greeting = await this.#until("the greeting of QEMU's monitor", { limit, signal }, () => this.#greeting);
    const { major, minor, micro } = greeting.QMP.version.qemu;
    this.#version = `${major}.${minor}.${micro}`;
    await this.execute("qmp_capabilities", {}, signal);
  }

  /** QEMU's version as it greeted with, such as `11.1.3`. */
  get version(): string {
    return this.#version;
  }

  /**
   * Executes a command and returns what it returned.
   * @throws {InfrastructureError} with QEMU's description where it fails; {TimeLimitError}
   */
  async execute(
    command: string,
    fields: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
    limit = commandLimit,
  ): Promise<unknown> {
    const id = ++this.#lastId;
    try {
      return await this.#until(`QEMU's answer to "${command}"`, { limit, signal }, () => {
        const answer = new Promise<unknown>((resolve, reject) => {
          this.#pending.set(id, { command, resolve, reject });
        });
        this.#socket.write(`${JSON.stringify({ execute: command, arguments: fields, id })}\n`);
        return answer;
      });
    } finally {
      this.#pending.delete(id);
    }
  }

  /**
   * Waits for the next event of one of these names. Call it before the command that causes the event, await it after.
   * @throws {InfrastructureError} where the monitor closes; {TimeLimitError}
   */
  async waitForEvent(names: readonly string[], wait: EventWait): Promise<QmpEvent> {
    let stop: () => void = () => undefined;
    try {
      return await this.#until(
        `QEMU's event ${names.join(" or ")}`,
        wait,
        () =>
          new Promise<QmpEvent>((resolve) => {
            stop = this.subscribe((event) => {
              if (names.includes(event.event) && (wait.where?.(event) ?? true)) resolve(event);
            });
          }),
      );
    } finally {
      stop();
    }
  }

  /** Calls `listener` with each event until the returned function is called. */
  subscribe(listener: (event: QmpEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Closes the socket; whatever is pending is refused. */
  [Symbol.dispose](): void {
    this.#close(new InfrastructureError({ what: "Cannot use QEMU's monitor: it was closed here" }));
  }

  /** A wait that also ends, with the reason, when the socket closes. */
  #until<T>(
    what: string,
    wait: { readonly limit: number; readonly signal: AbortSignal },
    begin: () => Promise<T>,
  ): Promise<T> {
    const signal = AbortSignal.any([wait.signal, this.#closed.signal]);
    const pid = this.#pid === undefined ? {} : { pid: this.#pid };
    return withLimit({ what, limit: wait.limit, signal, lastSeen: () => this.#lastEvent, ...pid }, begin);
  }

  #receive(chunk: Buffer): void {
    let line = "";
    try {
      for (line of this.#lines.push(chunk)) if (line !== "") this.#dispatch(parseMessage(line));
    } catch (cause) {
      const shown = JSON.stringify(line.slice(0, shownCharacters));
      this.#close(new InfrastructureError({ what: `Cannot understand QEMU's monitor after ${shown}`, cause }));
    }
  }

  #dispatch(message: QmpMessage): void {
    if ("event" in message) {
      this.#lastEvent = `event ${message.event}`;
      for (const listener of [...this.#listeners]) listener(message);
    } else if ("QMP" in message) {
      this.#greet(message);
    } else {
      const pending = message.id === undefined ? undefined : this.#pending.get(message.id);
      if (pending === undefined) return;
      if ("error" in message) {
        pending.reject(new QmpRefusal({ what: `QEMU refused "${pending.command}": ${message.error.desc}` }));
      } else {
        pending.resolve(message.return);
      }
    }
  }

  #close(reason: HarnessError): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort(reason);
    this.#listeners.clear();
    this.#socket.destroy();
  }
}
