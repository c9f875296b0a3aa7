/** Runs: operations of a sequence of which the later ones need not wait for what came of those ahead of them. */
import type { PlannedStep } from "../plan/plan.ts";
import type { Follower, Foretold } from "../verdict/follow.ts";

/** Operations in a run at most: what goes wrong in one is noticed after the last. */
const longest = 16;

/** Puts a sequence together run by run, the model looking ahead from where its follower is. */
export class Runs {
  readonly #follower: Follower;
  readonly #scout: Follower;
  readonly #next: () => PlannedStep | null;

  /** `makeNext` is given the host as it will be when the operations that it gave have been performed. */
  constructor(follower: Follower, makeNext: (scout: Follower) => () => PlannedStep | null) {
    this.#follower = follower;
    this.#scout = follower.scout();
    this.#next = makeNext(this.#scout);
  }

  /** The next run; empty where there is none, or the model has no word for what comes next. The last one has been followed. */
  next(): readonly Foretold[] {
    this.#scout.catchUp(this.#follower);
    const run: Foretold[] = [];
    while (run.length < longest) {
      const planned = this.#next();
      const foretold = planned === null ? null : this.#scout.suppose(planned);
      if (foretold === null) break;
      run.push(foretold);
      if (foretold.foreseen.isOpen || foretold.foreseen.isLost) break;
    }
    return run;
  }
}
