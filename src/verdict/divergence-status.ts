/** What is known of the ledger's entries today: which showed in runs, which were due and did not, which are new. */
import type { Divergence, Ledger } from "./ledger.ts";

/** What a scenario's record says of the ledger. */
export interface Sighting {
  readonly scenario: string;
  readonly known: readonly string[];
  readonly stale: readonly string[];
  /** Day of the run, such as `2026-11-21`. */
  readonly day: string;
}

/** An entry and what became of it. `stale` comes before `new`, and that before the rest. */
export interface DivergenceStatus {
  readonly entry: Divergence;
  readonly state: "stale" | "new" | "confirmed" | "unseen";
  /** Scenarios that it showed in. */
  readonly shown: readonly string[];
  /** Scenarios that it was due in and did not show. */
  readonly missed: readonly string[];
  /** Last day that it is known to have shown, by the ledger or by runs. */
  readonly lastConfirmed: string;
}

/** Days that an entry counts as new. */
const newFor = 14;
const order = ["stale", "new", "confirmed", "unseen"] as const;

/** The state of every entry: stale ones first, then new ones, each by the day they were first seen, the latest first. */
export function assessLedger(
  ledger: Ledger,
  sightings: readonly Sighting[],
  today: string,
): readonly DivergenceStatus[] {
  return ledger
    .map((entry) => assess(entry, sightings, today))
    .sort(
      (one, other) =>
        order.indexOf(one.state) - order.indexOf(other.state) ||
        other.entry.firstSeen.localeCompare(one.entry.firstSeen) ||
        one.entry.name.localeCompare(other.entry.name),
    );
}

function assess(entry: Divergence, sightings: readonly Sighting[], today: string): DivergenceStatus {
  const where = (pick: (each: Sighting) => readonly string[]): readonly Sighting[] =>
    sightings.filter((each) => pick(each).includes(entry.name));
  const [shown, missed] = [where(({ known }) => known), where(({ stale }) => stale)];
  const names = (found: readonly Sighting[]): readonly string[] =>
    [...new Set(found.map(({ scenario }) => scenario))].sort();
  const days = [entry.lastConfirmed, ...shown.map(({ day }) => day)].sort();
  // What takes luck may not show, and is there all the same.
  const isStale = missed.length > 0 && !(entry.sometimes && shown.length > 0);
  const isNew = Date.parse(today) - Date.parse(entry.firstSeen) < newFor * 24 * 60 * 60 * 1000;
  return {
    entry,
    state: isStale ? "stale" : isNew ? "new" : shown.length > 0 ? "confirmed" : "unseen",
    shown: names(shown),
    missed: names(missed),
    lastConfirmed: days.at(-1) ?? entry.lastConfirmed,
  };
}
