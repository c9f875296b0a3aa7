/** Chance, from a seed: the same seed gives the same numbers on every machine. */
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** Seeds are below this. */
export const seedLimit = 2 ** 31;

/** Something to choose, and how likely it is beside the others. */
export interface Weighted<T> {
  readonly weight: number;
  readonly value: T;
}

/** A stream of random decisions. */
export class Random {
  readonly #generator: ReturnType<typeof xoroshiro128plus>;

  constructor(seed: number) {
    this.#generator = xoroshiro128plus(seed);
  }

  /** A whole number from `low` to `high`, both included. */
  int(low: number, high: number): number {
    return uniformInt(this.#generator, low, high);
  }

  /** True in `percent` of a hundred cases. */
  chance(percent: number): boolean {
    return this.int(0, 99) < percent;
  }

  /** One of a list; undefined of none. */
  pick<T>(list: readonly T[]): T | undefined {
    return list.length === 0 ? undefined : list[this.int(0, list.length - 1)];
  }

  /** One of a list that has at least one. */
  one<T>(list: readonly [T, ...T[]]): T {
    return list[this.int(0, list.length - 1)] ?? list[0];
  }

  /** One by its weight; undefined where all weigh nothing. */
  weigh<T>(list: readonly Weighted<T>[]): T | undefined {
    const sum = list.reduce((total, { weight }) => total + weight, 0);
    if (sum === 0) return undefined;
    let left = this.int(0, sum - 1);
    for (const { weight, value } of list) {
      if (left < weight) return value;
      left -= weight;
    }
    return undefined;
  }
}

/** The seed of the sequence with that number: neighbours have nothing in common. */
export function seedOfSequence(seed: number, sequence: number): number {
  let mixed = Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) ^ Math.imul(sequence + 1, 0xc2b2_ae35);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x27d4_eb2f);
  return (mixed ^ (mixed >>> 13)) & 0x7fff_ffff;
}
