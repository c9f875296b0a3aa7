/** From something that was shown once to a short sequence that shows it again. */
import { repair, type Sequence } from "../../src/explore/sequence.ts";
import { shrink } from "../../src/explore/shrink.ts";
import { quirksOf } from "../../src/verdict/ledger.ts";
import { repeatSequence, type Clones, type Tried } from "./clones.ts";

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
  /** How many of the tries showed it; 0 where it was never seen again. */
  readonly confirmed: { readonly shown: number; readonly tries: number };
  /** Clones that it took. */
  readonly clones: number;
}

/**
 * Confirms what a sequence showed on clones of its own, and shrinks it. What does not show each time is tried several times at
 * every turn.
 * @throws whatever keeps a machine from coming up
 */
export async function shrinkFinding(found: Tried, clones: Clones, effort: Effort): Promise<Shrunk> {
  const signature = found.shown?.signature;
  let count = 0;
  const showsIn = async (sequence: Sequence): Promise<Sequence | null> => {
    count += 1;
    const { shown, ...tried } = await repeatSequence(clones, sequence, `try-${String(count)}`);
    return shown?.signature === signature ? tried : null;
  };
  const again = await Promise.all(Array.from({ length: effort.tries }, () => showsIn(found)));
  const shown = again.filter((each) => each !== null).length;
  const confirmed = { shown, tries: effort.tries };
  if (shown === 0) return { sequence: found, confirmed, clones: count };
  const repeats = shown === effort.tries ? 1 : Math.ceil(effort.tries / shown);
  const showsInSome = async (sequence: Sequence): Promise<Sequence | null> => {
    for (let left = repeats; left > 0; left -= 1) {
      const tried = await showsIn(sequence);
      if (tried !== null) return tried;
    }
    return null;
  };
  const { bench, ledger, signal } = clones;
  const quirks = quirksOf(ledger, bench.profile);
  const end = performance.now() + effort.limit;
  const sequence = await shrink(found, {
    repair: (each) => repair(each, bench.profile, quirks),
    test: (sequences) => Promise.all(sequences.map(showsInSome)),
    atOnce: effort.jobs,
    isOver: () => signal.aborted || performance.now() > end,
  });
  return { sequence, confirmed, clones: count };
}
