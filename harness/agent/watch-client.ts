/** Client of the supervisor: is the kernel alive, what is the worker doing, did it die. */
import type { Duplex } from "node:stream";
import { InfrastructureError } from "../errors/harness-error.ts";
import { withLimit } from "../wait/with-limit.ts";
import { readAs, workerReportSchema, type WorkerReport } from "./answers.ts";
import { FrameChannel } from "./frame-channel.ts";

/** A supervisor's client, on the port `zhil.watch`. */
export class WatchClient implements Disposable {
  readonly #channel: FrameChannel;
  readonly #pending = new Map<number, (report: WorkerReport) => void>();
  #workerEnded = new AbortController();
  #lastId = 0;

  readonly #pid: number | undefined;

  /** @param pid the process that the supervisor runs in, for what it may take: see {@link withLimit} */
  constructor(stream: Duplex, pid?: number) {
    this.#pid = pid;
    this.#channel = new FrameChannel("supervisor's channel", stream, (message) => {
      const report = readAs(workerReportSchema, message);
      if (report.id === 0) this.#workerEnded.abort(new InfrastructureError({ what: describeWorker(report) }));
      else this.#pending.get(report.id)?.(report);
    });
  }

  /** Aborted when the worker of this moment ended, with an error that says how as its reason. */
  get workerEnded(): AbortSignal {
    return this.#workerEnded.signal;
  }

  /**
   * Asks how the worker is.
   * @throws {TimeLimitError} where the kernel does not answer; {InfrastructureError} where the channel closes
   */
  ping(signal: AbortSignal, limit: number): Promise<WorkerReport> {
    return this.#ask("ping", signal, limit, () => undefined);
  }

  /**
   * Has the worker killed, where it still runs, and another started; from then on {@link workerEnded} is of that one.
   * @throws {TimeLimitError} where the kernel does not let go of the worker; {InfrastructureError} where the channel closes
   */
  async restart(signal: AbortSignal, limit: number): Promise<void> {
    // Before anything else is read: what comes next may tell of the new one.
    await this.#ask("restart", signal, limit, () => {
      this.#workerEnded = new AbortController();
    });
  }

  /**
   * Has the guest's kernel boot anew, by reboot(2), the worker as it is: answered just before.
   * @throws {TimeLimitError} where the kernel does not answer; {InfrastructureError} where the channel closes
   */
  async reboot(signal: AbortSignal, limit: number): Promise<void> {
    await this.#ask("reboot", signal, limit, () => undefined);
  }

  async #ask(op: string, signal: AbortSignal, limit: number, answered: () => void): Promise<WorkerReport> {
    const id = ++this.#lastId;
    const either = AbortSignal.any([signal, this.#channel.closed]);
    try {
      const pid = this.#pid === undefined ? {} : { pid: this.#pid };
      return await withLimit({ what: "the supervisor's answer", limit, signal: either, ...pid }, () => {
        const report = new Promise<WorkerReport>((resolve) =>
          this.#pending.set(id, (received) => {
            answered();
            resolve(received);
          }),
        );
        this.#channel.send({ id, op });
        return report;
      });
    } finally {
      this.#pending.delete(id);
    }
  }

  /** Closes the channel; whatever waits is refused. */
  [Symbol.dispose](): void {
    this.#channel[Symbol.dispose]();
  }
}

/** What the supervisor says of the worker, in words. */
export function describeWorker({ worker }: WorkerReport): string {
  switch (worker.state) {
    case "running":
      return "The agent's worker is running";
    case "exited":
      return `The agent's worker exited with status ${worker.code ?? "unknown"}`;
    case "killed":
      return `The agent's worker was killed by signal ${worker.signal ?? "unknown"}`;
  }
}
