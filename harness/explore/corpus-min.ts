/** A corpus that is no greater than it has to be: what each sequence reaches is seen on a clone, and a few are chosen that reach it all. */
import { coverGreedily, cutAfter, placesOf, type Reached } from "../../src/explore/corpus.ts";
import type { Sequence } from "../../src/explore/sequence.ts";
import { HarnessError } from "../errors/harness-error.ts";
import { repeatSequence, type Clones } from "./clones.ts";
import { folderOf, readEntries, readSequence, removeEntries, writeEntry, type Entry } from "./corpus-folder.ts";

/** How is minimised. */
export interface Minimising extends Clones {
  /** The folder of the corpus. */
  readonly corpus: string;
  /** Clones at a time. */
  readonly jobs: number;
  /** Told after each sequence. */
  readonly onPlayed: (played: number, of: number) => void;
}

/** How much there is. */
export interface Size {
  readonly entries: number;
  readonly operations: number;
  readonly places: number;
}

/** What came of it. */
export interface Minimised {
  readonly before: Size;
  readonly after: Size;
  /** Places that were reached when sequences were kept, and by none now. */
  readonly lost: number;
  /** Sequences that were left alone: those that this version cannot read, or whose machine did not come up. */
  readonly untouched: number;
}

interface Played {
  readonly entry: Entry;
  readonly sequence: Sequence;
  readonly reached: readonly Reached[];
}

/**
 * Leaves of the corpus of a bench's kernel as many sequences as it takes to reach all that they all reach, each up to where it has
 * done its part. What is new is on disk before what is old is gone.
 * @throws {HarnessError} where files cannot be read or written; the signal's reason where it is aborted, and nothing has changed
 */
export async function minimiseCorpus(options: Minimising): Promise<Minimised> {
  const { bench, corpus, signal } = options;
  const { entries } = await readEntries(folderOf(corpus, bench.profile.kernel));
  const left = [...entries];
  const all: Played[] = [];
  let tried = 0;
  const work = async (): Promise<void> => {
    for (let entry = left.shift(); entry !== undefined && !signal.aborted; entry = left.shift()) {
      const played = await play(entry, options);
      if (played !== null) all.push(played);
      tried += 1;
      options.onPlayed(tried, entries.length);
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, work));
  signal.throwIfAborted();
  const chosen = coverGreedily(sortByLength(all));
  const written = await writeChosen(chosen, options);
  const kept = new Set(written.map(({ file }) => file));
  await removeEntries(all.map(({ entry }) => entry).filter(({ file }) => !kept.has(file)));
  const reached = new Set(all.flatMap((each) => placesOf(each.reached)));
  const known = new Set(all.flatMap(({ entry }) => placesOf(entry.kept.reached)));
  return {
    before: { ...sizeOf(all), places: new Set([...known, ...reached]).size },
    after: {
      ...sizeOf(chosen.map(([{ sequence }, adds]) => ({ sequence: cutAfter(sequence, adds) }))),
      places: reached.size,
    },
    lost: [...known].filter((place) => !reached.has(place)).length,
    untouched: entries.length - all.length,
  };
}

async function play(entry: Entry, clones: Clones): Promise<Played | null> {
  const kept = await readSequence(entry, clones.bench.profile);
  if (kept === null) return null;
  try {
    const { reached, cast, operations } = await repeatSequence(clones, kept, entry.name, {
      quick: true,
      traces: true,
    });
    return { entry, sequence: { cast, operations }, reached };
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    return null;
  }
}

/** Of sequences that add as much as each other the shortest is chosen. */
const sortByLength = (all: readonly Played[]): readonly Played[] =>
  [...all].sort(
    (one, other) =>
      one.sequence.operations.length - other.sequence.operations.length ||
      (one.entry.name < other.entry.name ? -1 : 1),
  );

async function writeChosen(
  chosen: readonly (readonly [Played, readonly Reached[]])[],
  { corpus, bench }: Pick<Minimising, "corpus" | "bench">,
): Promise<readonly Entry[]> {
  const written: Entry[] = [];
  for (const [{ entry, sequence }, adds] of chosen) {
    const about = { ...entry.kept, reached: adds };
    written.push((await writeEntry(corpus, cutAfter(sequence, adds), about, bench.profile)) ?? entry);
  }
  return written;
}

const sizeOf = (all: readonly Pick<Played, "sequence">[]): Omit<Size, "places"> => ({
  entries: all.length,
  operations: all.reduce((sum, { sequence }) => sum + sequence.operations.length, 0),
});
