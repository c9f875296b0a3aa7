/** What is kept of exploring: sequences that reached places of a kernel that none before them had. */
import * as z from "zod";
import { nameSchema } from "../operation/names.ts";
import { subjects, type Subject } from "./cast.ts";
import type { Random } from "./random.ts";
import type { Sequence } from "./sequence.ts";

/** What an operation of a sequence reached. */
export interface Reached {
  /** Its index in the sequence. */
  readonly operation: number;
  /** Addresses in the kernel. */
  readonly places: readonly number[];
}

const placeSchema = z.int().positive();

/** What is kept of a sequence beside the scenario that it is. */
export const keptSchema = z.strictObject({
  corpus: z.literal(1),
  /** `sha256:…` of the kernel's image: places of another one mean nothing. */
  kernel: z.string().regex(/^sha256:[0-9a-f]{64}$/u),
  seed: z.int().min(0),
  sequence: z.int().min(0),
  /** The kept sequence that it began from; null where it began from nothing. */
  from: z.string().nullable(),
  subjects: z.array(z.enum(subjects)),
  /** Pages of each buffer: a scenario names those that are used. */
  buffers: z.record(nameSchema, z.int().min(1).max(4096)),
  reached: z.array(z.strictObject({ operation: z.int().min(0), places: z.array(placeSchema).min(1) })).min(1),
});

/** What is kept of a sequence beside the scenario that it is. */
export type Kept = z.output<typeof keptSchema>;

/** All places of several operations. */
export const placesOf = (reached: readonly Reached[]): readonly number[] => reached.flatMap(({ places }) => places);

/** What was reached that is not known, by the first operation that did; nothing of operations from `end` on. */
export function findNew(reached: readonly Reached[], known: ReadonlySet<number>, end = Infinity): readonly Reached[] {
  const seen = new Set<number>();
  return reached.flatMap(({ operation, places }) => {
    if (operation >= end) return [];
    const fresh = [...new Set(places)].filter((place) => !known.has(place) && !seen.has(place));
    for (const place of fresh) seen.add(place);
    return fresh.length === 0 ? [] : [{ operation, places: fresh }];
  });
}

/** The sequence up to the last operation that reached something of what is to be kept. */
export const cutAfter = ({ cast, operations }: Sequence, reached: readonly Reached[]): Sequence => ({
  cast,
  operations: operations.slice(0, 1 + Math.max(-1, ...reached.map(({ operation }) => operation))),
});

/** Something of which some are enough. */
export interface Covering {
  readonly reached: readonly Reached[];
}

/**
 * A few that reach all that all reach: each time the one that adds most, of those the first. No more than 1 + ln n times as many as
 * there have to be, where one reaches n places at most. Each comes with what it adds.
 */
export function coverGreedily<T extends Covering>(all: readonly T[]): readonly (readonly [T, readonly Reached[]])[] {
  const covered = new Set<number>();
  const chosen: (readonly [T, readonly Reached[]])[] = [];
  let left = all.map((each) => ({ each, adds: findNew(each.reached, covered) }));
  for (;;) {
    const [best] = [...left].sort((one, other) => placesOf(other.adds).length - placesOf(one.adds).length);
    if (best === undefined || best.adds.length === 0) return chosen;
    chosen.push([best.each, best.adds]);
    for (const place of placesOf(best.adds)) covered.add(place);
    left = left
      .filter(({ each }) => each !== best.each)
      .map(({ each, adds }) => ({ each, adds: findNew(adds, covered) }));
  }
}

/** Something that may be begun from. */
export interface Beginning {
  readonly subjects: readonly Subject[];
  /** How often it was. */
  readonly begun: number;
}

/** One to begin from, of those that are about nothing else than what is wanted: those first that were least; undefined where none is. */
export function chooseBeginning<T extends Beginning>(
  random: Random,
  all: readonly T[],
  wanted: readonly Subject[],
): T | undefined {
  const fit = all.filter((each) => each.subjects.every((subject) => wanted.includes(subject)));
  const least = Math.min(...fit.map(({ begun }) => begun));
  return random.pick(fit.filter(({ begun }) => begun === least));
}
