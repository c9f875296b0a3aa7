/** DMA without end: pages written one after the other, at a rate, until it is stopped. */
import { pageBytes } from "../agent/pattern.ts";
import { DmaRefused, type Dma } from "./dma.ts";

/** What a storm writes, and where. */
export interface StormOrder {
  readonly iova: bigint;
  readonly pages: number;
  readonly bytes: Uint8Array;
  /** Writes a second, as far as they can be had. */
  readonly rate: number;
}

/** What came of a storm. */
export interface StormTally {
  readonly done: number;
  readonly refused: number;
}

/** Milliseconds between two bursts. */
const tick = 2;
/** Writes that may wait for their answers: a client that stands still is not buried. */
const waitingLimit = 64;

/** A storm that goes on. */
export class Storm {
  readonly #dma: Dma;
  readonly #order: StormOrder;
  readonly #timer: NodeJS.Timeout;
  #sent = 0;
  #done = 0;
  #refused = 0;
  #due = 0;
  /** Why it ended before it was stopped. */
  #end: Error | null = null;
  #waiters: { readonly at: number; readonly resolve: () => void }[] = [];

  constructor(dma: Dma, order: StormOrder) {
    this.#dma = dma;
    this.#order = order;
    this.#timer = setInterval(() => {
      this.#due += (order.rate * tick) / 1000;
      for (; this.#due >= 1; this.#due -= 1) this.#send();
    }, tick);
  }

  /** Resolves when every page was tried once more, from now on; also where nobody is there any more. */
  round(): Promise<void> {
    return this.#reach(this.#sent + this.#order.pages);
  }

  /** Stops; resolves when nothing is under way any more. */
  async stop(): Promise<StormTally> {
    clearInterval(this.#timer);
    await this.#reach(this.#sent);
    return { done: this.#done, refused: this.#refused };
  }

  #reach(at: number): Promise<void> {
    if (this.#done >= at || this.#end !== null) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters.push({ at, resolve });
    });
  }

  #send(): void {
    if (this.#sent - this.#done >= waitingLimit || this.#end !== null) return;
    const { iova, pages, bytes } = this.#order;
    const at = iova + BigInt((this.#sent % pages) * pageBytes);
    this.#sent += 1;
    this.#dma.write(at, bytes).then(
      () => {
        this.#answered();
      },
      (error: unknown) => {
        if (error instanceof DmaRefused) this.#refused += 1;
        else this.#giveUp(error);
        this.#answered();
      },
    );
  }

  #answered(): void {
    this.#done += 1;
    const reached = this.#waiters.filter(({ at }) => this.#done >= at);
    this.#waiters = this.#waiters.filter((each) => !reached.includes(each));
    for (const { resolve } of reached) resolve();
  }

  #giveUp(error: unknown): void {
    clearInterval(this.#timer);
    this.#end ??= error instanceof Error ? error : new Error(String(error));
    for (const { resolve } of this.#waiters.splice(0)) resolve();
  }
}
