import type { Phases } from "../../src/target/target.ts";

/** Where time goes: each lap begins where the one before ended, the first with the stopwatch itself. */
export class Laps {
  readonly #phases: Record<string, number> = {};
  #began = performance.now();

  /** Ends the lap under the name of a phase. */
  end(phase: string): void {
    const now = performance.now();
    this.#phases[phase] = (this.#phases[phase] ?? 0) + now - this.#began;
    this.#began = now;
  }

  /** Milliseconds by phase, so far. */
  get phases(): Phases {
    return { ...this.#phases };
  }
}
