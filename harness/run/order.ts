/** The order in which scenarios are started. */

/** The orders there are. */
export const orderNames = ["longest", "random", "listed"] as const;

/** An order: the longest first, as they are listed, or by chance, which the seed repeats. */
export type Order =
  | { readonly kind: Exclude<(typeof orderNames)[number], "random"> }
  | { readonly kind: "random"; readonly seed: number };

/** One more than the largest seed. */
export const seedLimit = 2 ** 32;

/** Puts tasks in order; `seconds` says how long they took before, as far as known. */
export function orderTasks<T extends { readonly name: string }>(
  tasks: readonly T[],
  order: Order,
  seconds: ReadonlyMap<string, number>,
): readonly T[] {
  switch (order.kind) {
    case "longest":
      return longestFirst(tasks, seconds);
    case "listed":
      return tasks;
    case "random":
      return shuffle(tasks, order.seed);
  }
}

/**
 * The order in which a run ends soonest: longest first, so that no long one is left alone at the end. What was never
 * measured comes before everything.
 */
function longestFirst<T extends { readonly name: string }>(
  tasks: readonly T[],
  seconds: ReadonlyMap<string, number>,
): readonly T[] {
  const expected = (task: T): number => seconds.get(task.name) ?? Infinity;
  // Equal ones stay as they are: the difference of two infinities is no order.
  return [...tasks].sort((a, b) => (expected(a) === expected(b) ? 0 : expected(b) - expected(a)));
}

/** The same for the same seed, on every machine: Fisher and Yates' shuffle. */
function shuffle<T>(tasks: readonly T[], seed: number): readonly T[] {
  const left = [...tasks];
  const draw = drawNumbers(seed);
  const shuffled: T[] = [];
  while (left.length > 0) shuffled.push(...left.splice(Math.floor(draw() * left.length), 1));
  return shuffled;
}

/** Numbers from 0 up to 1, by Marsaglia's xorshift with 32 bits, whose state is never zero. */
function drawNumbers(seed: number): () => number {
  // Seeds that differ by one are to give orders that have nothing in common.
  let state = Math.imul((seed >>> 0) + 1, 0x9e3779b1) >>> 0 || 1;
  const draw = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
  for (let index = 0; index < 8; index++) draw();
  return draw;
}
