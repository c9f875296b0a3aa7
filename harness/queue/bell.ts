/** The bell that wakes a worker: rung by nights, by workers that gave something back, and from time to time by itself. */
import { once } from "node:events";
import type { Redis } from "ioredis";
import { retryUntil } from "../wait/retry-until.ts";
import { awaitBell, readBell } from "./store.ts";

/** Milliseconds in which a server that went away has to be back. */
const serverLimit = 10 * 60 * 1000;

/** How it listens. */
export interface BellOptions {
  /** A connection of its own. */
  readonly client: Redis;
  /** Milliseconds after which it rings by itself: what a dead worker had becomes free without a sound. */
  readonly interval: number;
  /** Told where the server does not come back. */
  readonly onBroken: (error: unknown) => void;
}

/** Listens until disposed. */
export class Bell implements Disposable {
  readonly #options: BellOptions;
  readonly #over = new AbortController();
  #place = 0;
  #rung = new AbortController();

  constructor(options: BellOptions) {
    this.#options = options;
    options.client.on("error", () => undefined);
    void this.#listen();
  }

  /** How often it has rung: whoever looks for work notes it first, and misses nothing. */
  get place(): number {
    return this.#place;
  }

  /** Rings for this process alone. */
  ringHere(): void {
    const rung = this.#rung;
    this.#place += 1;
    this.#rung = new AbortController();
    rung.abort();
  }

  /** Waits until it has rung after a place, or the signal is aborted. */
  async after(place: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#place !== place) return;
    await once(AbortSignal.any([this.#rung.signal, signal]), "abort");
  }

  [Symbol.dispose](): void {
    this.#over.abort();
    this.#options.client.disconnect();
    this.ringHere();
  }

  async #listen(): Promise<void> {
    const { client, interval, onBroken } = this.#options;
    const { signal } = this.#over;
    const listenOnce = async (): Promise<void> => {
      const place = await readBell(client);
      this.ringHere();
      await awaitBell(client, place, interval);
    };
    try {
      while (!signal.aborted) await retryUntil({ what: "the queue's bell", limit: serverLimit, signal }, listenOnce);
    } catch (error) {
      if (!signal.aborted) onBroken(error);
    }
  }
}
