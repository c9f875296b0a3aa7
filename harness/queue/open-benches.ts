/** Benches of a worker: one for the machine that is worked on, and another only while one goes and the next comes. */
import { HarnessError } from "../errors/harness-error.ts";
import type { Bench } from "../run/bench.ts";

/** A bench that cannot be had; why, is its cause. */
export class BenchLostError extends HarnessError {
  override readonly name = "BenchLostError";
}

/** Opens a machine's bench. */
export type OpenBench = () => Promise<Bench>;

interface Opened {
  readonly bench: Promise<Bench>;
  users: number;
}

/** Benches that are open. Disposing it ends them. */
export class OpenBenches implements AsyncDisposable {
  readonly #opened = new Map<string, Opened>();

  /** Machines whose benches are open. */
  get machines(): ReadonlySet<string> {
    return new Set(this.#opened.keys());
  }

  /**
   * Has a machine's bench for as long as `action` takes; opened where it is not, and then others that nobody uses are ended.
   * @throws {BenchLostError} where it cannot be had; the next call tries again
   */
  async use<T>(machine: string, open: OpenBench, action: (bench: Bench) => Promise<T>): Promise<T> {
    const opened: Opened = this.#opened.get(machine) ?? { bench: open(), users: 0 };
    this.#opened.set(machine, opened);
    opened.users += 1;
    try {
      await this.#endIdle(machine);
      const bench = await opened.bench.catch((cause: unknown) => {
        this.#opened.delete(machine);
        if (!(cause instanceof HarnessError)) throw cause;
        throw new BenchLostError({ what: cause.what, cause });
      });
      return await action(bench);
    } finally {
      opened.users -= 1;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#opened.values()];
    this.#opened.clear();
    await Promise.all(all.map(end));
  }

  async #endIdle(except: string): Promise<void> {
    const idle = [...this.#opened].filter(([machine, { users }]) => users === 0 && machine !== except);
    for (const [machine] of idle) this.#opened.delete(machine);
    await Promise.all(idle.map(([, opened]) => end(opened)));
  }
}

async function end({ bench }: Opened): Promise<void> {
  const opened = await bench.catch(() => null);
  await opened?.[Symbol.asyncDispose]();
}
