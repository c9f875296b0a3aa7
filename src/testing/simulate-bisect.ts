/** Bisections of made-up histories: kernels that have a failure show it as often as told. */
import type { Search, Tally } from "../bisect/belief.ts";
import { chooseNext, representativeOf, type Choice } from "../bisect/choose-next.ts";
import type { History } from "../bisect/history.ts";

/** What is made up. */
export interface MadeUp {
  readonly history: History;
  readonly find?: "bad" | "fix";
  /** The commit that is to be found; -1 where the range's beginning has it, the number of commits where none has. */
  readonly culprit: number;
  /** How often a kernel that has the failure shows it. */
  readonly rate?: number;
  readonly untestable?: (node: number) => boolean;
  /** Which commits' kernels are the same. */
  readonly imageOf?: (node: number) => number;
  readonly confidence?: number;
  readonly seed?: number;
}

/** What came of a simulated bisection. */
export interface Simulated {
  readonly end: Exclude<Choice, { kind: "run" }>;
  readonly runs: number;
  /** Nodes whose kernel was built. */
  readonly built: readonly number[];
  readonly skipped: readonly number[];
  /** Seconds that were said to be left, choice by choice. */
  readonly estimates: readonly number[];
}

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
export function makeChance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** Bisects until there is an answer. */
export function simulate(madeUp: MadeUp): Simulated {
  const { history, find = "bad", culprit, rate = 1, confidence = 0.95, seed = 1 } = madeUp;
  const { untestable = () => false, imageOf = (node) => node } = madeUp;
  const search: Search = { history, find };
  const chance = makeChance(seed);
  const images = new Map<number, number[]>();
  const tallies = new Map<number, Tally>();
  const skipped = new Set<number>();
  const built = new Set<number>();
  const estimates: number[] = [];
  const changed = (node: number): boolean =>
    culprit < 0 || (node !== history.base && culprit < history.base && history.contains(node, culprit));
  for (let runs = 0; ; runs++) {
    const alike = [...images.values()].filter((group) => group.length > 1);
    const findings = { tallies, alike, untestable: skipped };
    const choice = chooseNext(search, findings, {
      ...{ confidence, tries: 60, cost: { build: 30, run: 3 } },
      isBuilt: (node) => built.has(node),
    });
    if (choice.kind !== "run") {
      return { end: choice, runs, built: [...built], skipped: [...skipped], estimates };
    }
    const { node } = choice;
    if (choice.remaining !== null) estimates.push(choice.remaining);
    if (untestable(node)) {
      skipped.add(node);
      continue;
    }
    if (!built.has(node)) {
      built.add(node);
      images.set(imageOf(node), [...(images.get(imageOf(node)) ?? []), node]);
      continue;
    }
    const holder = representativeOf({ alike }, node);
    const { seen, runs: before } = tallies.get(holder) ?? { seen: 0, runs: 0 };
    const isSeen = changed(node) === (find === "bad") && chance() < rate;
    tallies.set(holder, { seen: seen + (isSeen ? 1 : 0), runs: before + 1 });
  }
}
