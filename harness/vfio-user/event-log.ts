/** What a function was told and what came of its DMA, in order: kept until somebody takes it. */

/** What happened to a function; IOVAs and sizes in hexadecimal. */
export type FunctionEvent =
  | { readonly event: "map"; readonly iova: string; readonly size: string; readonly access: string }
  | { readonly event: "unmap"; readonly iova: string; readonly size: string }
  | { readonly event: "reset" }
  | { readonly event: "dma-write" | "dma-read"; readonly iova: string; readonly answer: string }
  | { readonly event: "storm"; readonly done: number; readonly refused: number }
  | { readonly event: "sent"; readonly how: string; readonly answer: string }
  | { readonly event: "interrupt"; readonly vector: number; readonly answer: string };

/** An event with its place among all of its function. */
export type NumberedEvent = FunctionEvent & { readonly sequence: number };

/** Events since the last time, and how many were dropped before them. */
export interface TakenEvents {
  readonly events: readonly NumberedEvent[];
  readonly dropped: number;
}

/** Events that are kept; a suite's operations cause a few hundred at most. */
const eventLimit = 4096;

/** The events of one function. */
export class EventLog {
  #events: NumberedEvent[] = [];
  #sequence = 0;

  /** How many there were, ever. */
  get count(): number {
    return this.#sequence;
  }

  note(event: FunctionEvent): void {
    this.#sequence += 1;
    this.#events.push({ sequence: this.#sequence, ...event });
    // In batches: one by one, each would move all the others.
    if (this.#events.length === 2 * eventLimit) this.#events = this.#events.slice(eventLimit);
  }

  take(): TakenEvents {
    const events = this.#events.slice(-eventLimit);
    const before = this.#taken;
    this.#taken = this.#sequence;
    this.#events = [];
    return { events, dropped: this.#sequence - before - events.length };
  }

  #taken = 0;
}
