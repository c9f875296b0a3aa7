/** Going on from a sequence that was kept: as it was up to somewhere, with a change here and there, and anew from there. */
import type { Operation } from "../operation/operation.ts";
import type { PlannedStep } from "../plan/plan.ts";
import type { Generator } from "./generate.ts";
import type { Random } from "./random.ts";

/** Operations in a hundred before which another one is put, that are left out, and that another one stands for. */
const changed = { before: 3, without: 3, instead: 3 } as const;
/** Sequences in a hundred that begin with all of it: its last operation is what it was kept for. */
const whole = 50;

/** Says one operation after the other; those that mean nothing any more after a change are left out. */
export class Variation {
  readonly #random: Random;
  readonly #generator: Pick<Generator, "next" | "take">;
  /** What is left of what was kept. */
  readonly #left: Operation[];

  constructor(random: Random, operations: readonly Operation[], generator: Pick<Generator, "next" | "take">) {
    this.#random = random;
    this.#generator = generator;
    const end = random.chance(whole) ? operations.length : random.int(0, operations.length);
    this.#left = operations.slice(0, end);
  }

  /** The next operation; null where none comes to mind that means something now. */
  next(): PlannedStep | null {
    while (this.#left.length > 0) {
      const planned = this.#vary();
      if (planned !== null) return planned;
    }
    return this.#generator.next();
  }

  #vary(): PlannedStep | null {
    const { before, without, instead } = changed;
    const drawn = this.#random.int(0, 99);
    if (drawn < before) return this.#generator.next();
    const operation = this.#left.shift();
    if (operation === undefined || drawn < before + without) return null;
    return drawn < before + without + instead ? this.#generator.next() : this.#generator.take(operation);
  }
}
