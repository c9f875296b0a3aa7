/**
 * The inside of an operation: the points it passes, the DMA that functions do there, and what the kernel hears of it only
 * when the operation has ended.
 */
import type { DmaOperation } from "../operation/operation.ts";
import type { InterjectionResult, Stop } from "../operation/during.ts";
import type { PointName } from "../operation/points.ts";
import type { Translation } from "./state.ts";

/** An error event that was raised inside an operation and that the kernel has not handled. */
export interface RaisedEvent {
  readonly function: string;
  readonly pec: string | null;
  /** The kernel has said that there is one. */
  isAnnounced: boolean;
}

/** How a function does DMA at a point. */
export type DoDma = (operation: DmaOperation) => InterjectionResult;

/** What happens inside one operation. */
export class Inside {
  readonly #stops: Stop[];
  readonly #doDma: DoDma;
  /** What came of the DMA so far, in order. */
  readonly results: InterjectionResult[] = [];
  /** Error events that were raised at a point, in order. */
  readonly events: RaisedEvent[] = [];
  /**
   * What functions know of table entries that were changed since their last RPCIT for them, by function and page: the
   * entry as it was, null where it was invalid.
   */
  readonly #unflushed = new Map<string, ReadonlyMap<bigint, Translation | null>>();
  #atPoint = false;

  constructor(stops: readonly Stop[], doDma: DoDma) {
    this.#stops = [...stops];
    this.#doDma = doDma;
  }

  /** True while a function does DMA at a point: the host stands still. */
  get atPoint(): boolean {
    return this.#atPoint;
  }

  /** True where a point of these is still to be passed. */
  awaits(names: readonly PointName[]): boolean {
    return this.#stops.some(({ at }) => names.includes(at));
  }

  /** The operation passes a point, on behalf of a function where that is told. */
  pass(at: PointName, name: string | null): void {
    const [stop] = this.#stops;
    if (stop?.at !== at || (stop.of !== null && stop.of !== name)) return;
    this.#stops.shift();
    this.#atPoint = true;
    for (const operation of stop.operations) this.results.push(this.#doDma(operation));
    this.#atPoint = false;
  }

  /** The event of a function that the kernel has said nothing of; undefined where there is none. */
  unannounced(name: string): RaisedEvent | undefined {
    return this.events.find((each) => each.function === name && !each.isAnnounced);
  }

  /** Entries change; until its flush a function may still know them as they were. */
  change(name: string, entries: ReadonlyMap<bigint, Translation | null>): void {
    this.#unflushed.set(name, entries);
  }

  /** The function's flush has ended. */
  settle(name: string): void {
    this.#unflushed.delete(name);
  }

  /** The entry that a function may still know; undefined where it has nothing but the table. */
  knownBefore(name: string, page: bigint): Translation | null | undefined {
    return this.#unflushed.get(name)?.get(page);
  }

  /** The operation has ended: what was not reached will not be. */
  end(): void {
    for (const { operations } of this.#stops.splice(0))
      this.results.push(...operations.map(() => "not reached" as const));
  }
}
