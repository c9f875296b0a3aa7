/**
 * The inside of an operation: the points it passes, what is done there, and what the kernel hears of it only
 * when the operation has ended.
 */
import type { InsideOperation } from "../operation/operation.ts";
import type { InterjectionResult, Stop } from "../operation/during.ts";
import type { PointName } from "../operation/points.ts";
import { ScenarioMistake } from "./scenario-mistake.ts";
import type { Translation } from "./state.ts";

/** An error event that was raised inside an operation and that the kernel has not handled. */
export interface RaisedEvent {
  readonly function: string;
  readonly pec: string | null;
  /** The kernel has said that there is one. */
  isAnnounced: boolean;
  /** When the kernel gets to it: at the end of the operation, or before the next flush that it sends the function in it. */
  readonly due: "end" | "flush";
}

/** How something is done at a point. */
export type DoInside = (operation: InsideOperation) => InterjectionResult;

/**
 * Whether everything inside an operation can be asked for: whose flush is meant, or sent, is known by the handle that the function
 * had when the operation began.
 * @throws ScenarioMistake where one had none
 */
export function requireHandles(stops: readonly Stop[], isThere: (name: string) => boolean): void {
  const flushed = stops.flatMap(({ of, operations }) => [
    ...(of === null ? [] : [of]),
    ...operations.flatMap((each) => (each.op === "flush" ? [each.function] : [])),
  ]);
  const lacking = flushed.find((name) => !isThere(name));
  if (lacking === undefined) return;
  throw new ScenarioMistake(`"${lacking}" is not there, and has no handle that its flushes were known by`);
}

/** What happens inside one operation. */
export class Inside {
  readonly #stops: Stop[];
  readonly #doInside: DoInside;
  /** What came of it so far, in order. */
  readonly results: InterjectionResult[] = [];
  /** Error events that were raised at a point, in order. */
  readonly events: RaisedEvent[] = [];
  /**
   * What functions know of table entries that were changed since their last RPCIT for them, by function and page: the
   * entry as it was, null where it was invalid.
   */
  readonly #unflushed = new Map<string, Map<bigint, Translation | null>>();
  /** Functions that are disabled, or without a table, in the middle of a reset. */
  readonly interrupted = new Map<string, "disabled" | "unregistered">();
  #atPoint = false;

  constructor(stops: readonly Stop[], doInside: DoInside) {
    this.#stops = [...stops];
    this.#doInside = doInside;
  }

  /** True while something is done at a point: the host stands still. */
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
    for (const operation of stop.operations) this.results.push(this.#doInside(operation));
    this.#atPoint = false;
  }

  /** The event of a function that the kernel has said nothing of; undefined where there is none. */
  unannounced(name: string): RaisedEvent | undefined {
    return this.events.find((each) => each.function === name && !each.isAnnounced);
  }

  /** Takes the event of a function that is due before its next flush; undefined where there is none. */
  takeDue(name: string): RaisedEvent | undefined {
    const index = this.events.findIndex((each) => each.function === name && each.due === "flush");
    return index < 0 ? undefined : this.events.splice(index, 1)[0];
  }

  /** Entries change; until its flush a function may still know them as they were. */
  change(name: string, entries: ReadonlyMap<bigint, Translation | null>): void {
    this.#unflushed.set(name, new Map(entries));
  }

  /** A flush has told the function of pages. */
  settle(name: string, pages: Iterable<bigint>): void {
    for (const page of pages) this.#unflushed.get(name)?.delete(page);
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
