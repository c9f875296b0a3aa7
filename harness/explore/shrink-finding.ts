/** From something that was shown once to a short sequence that shows it again. */
import { repair, type Sequence } from "../../src/explore/sequence.ts";
import { shrink } from "../../src/explore/shrink.ts";
import { quirksOf } from "../../src/verdict/ledger.ts";
import { repeatSequence, type Clones, type Tried } from "./clones.ts";
import type { Shown } from "./perform.ts";

/** How hard it is tried. */
export interface Effort {
  /** Clones at once. */
  readonly jobs: number;
  /** Milliseconds that shrinking may take. */
  readonly limit: number;
  /** Fresh clones that a finding is tried on before it counts as unsteady. */
  readonly tries: number;
}

/** What came of it. */
export interface Shrunk {
  readonly sequence: Sequence;
  /** What it shows; null where that was never seen again. */
  readonly shown: Shown | null;
  /** How many of the tries showed it; 0 where it was never seen again. */
  readonly confirmed: { readonly shown: number; readonly tries: number };
  /** Clones that it took. */
  readonly clones: number;
}

/**
 * Confirms what a sequence showed on clones of its own, and shrinks it. What does not show each time is tried several times at
 * every turn. Null where what it shows there is not wanted.
 * @throws whatever keeps a machine from coming up
 */
export async function shrinkFinding(
  found: Tried,
  clones: Clones,
  effort: Effort,
  isWanted: (signature: string) => boolean,
): Promise<Shrunk | null> {
  let count = 0;
  const repeat = (sequence: Sequence, quick: boolean): Promise<Tried> => {
    count += 1;
    return repeatSequence(clones, sequence, `try-${String(count)}`, { quick });
  };
  // What counts is what each operation shows when the one before it has come to rest.
  const again = await Promise.all(Array.from({ length: effort.tries }, () => repeat(found, false)));
  const seen = again.filter((each) => each.shown !== null);
  const first = seen[0]?.shown ?? null;
  const same = seen.filter((each) => each.shown?.signature === first?.signature);
  const confirmed = { shown: same.length, tries: effort.tries };
  if (first === null) return { sequence: found, shown: null, confirmed, clones: count };
  if (!isWanted(first.signature)) return null;
  const showsIn = async (sequence: Sequence, quick: boolean): Promise<Sequence | null> => {
    const { shown, ...tried } = await repeat(sequence, quick);
    return shown?.signature === first.signature ? tried : null;
  };
  const [longest = found] = same;
  const isSteady = same.length === effort.tries;
  const quick = isSteady && (await showsIn(longest, true)) !== null;
  const repeats = isSteady ? 1 : Math.ceil(effort.tries / same.length);
  const showsInSome = async (sequence: Sequence): Promise<Sequence | null> => {
    for (let left = repeats; left > 0; left -= 1) {
      const tried = await showsIn(sequence, quick);
      if (tried !== null) return tried;
    }
    return null;
  };
  const { bench, ledger, signal } = clones;
  const quirks = quirksOf(ledger, bench.profile);
  const end = performance.now() + effort.limit;
  const sequence = await shrink(longest, {
    repair: (each) => repair(each, bench.profile, quirks),
    test: (sequences) => Promise.all(sequences.map(showsInSome)),
    atOnce: effort.jobs,
    isOver: () => signal.aborted || performance.now() > end,
  });
  return { sequence, shown: first, confirmed, clones: count };
}
