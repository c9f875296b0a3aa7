/**
 * Choices: where the ground leaves it to timing which of several ways things go, and what comes later depends on it.
 *
 * A prediction follows one way through all of them. Whoever wants another way says which to take, step by step; what is
 * not said goes the usual way, number 0.
 */

/** Ways to take, by step and in the order they come up in it. */
export type Script = readonly (readonly number[])[];

/** One place where it might have gone otherwise. */
export interface Choice {
  /** How many ways there are, at least 2. */
  readonly ways: number;
  /** The way that was taken. */
  readonly taken: number;
}

/** Takes a step's choices as told, and remembers what there was to choose. */
export class Choices {
  readonly #told: readonly number[];
  readonly made: Choice[] = [];

  constructor(told: readonly number[]) {
    this.#told = told;
  }

  /** Takes the next choice. What was told of a prediction with more ways goes the usual one here. */
  take(ways: number): number {
    const wanted = this.#told[this.made.length] ?? 0;
    const taken = wanted < ways ? wanted : 0;
    this.made.push({ ways, taken });
    return taken;
  }
}

/**
 * The script to try next, depth first: the last choice that has a way left takes it, those after it are made anew. Null
 * where all were tried.
 */
export function nextScript(steps: readonly (readonly Choice[])[]): Script | null {
  const hasMore = ({ ways, taken }: Choice): boolean => taken + 1 < ways;
  const step = steps.findLastIndex((each) => each.some(hasMore));
  const choices = steps[step];
  if (choices === undefined) return null;
  const index = choices.findLastIndex(hasMore);
  const taken = (made: readonly Choice[]): readonly number[] => made.map((each) => each.taken);
  return [...steps.slice(0, step).map(taken), [...taken(choices.slice(0, index)), (choices[index]?.taken ?? 0) + 1]];
}
