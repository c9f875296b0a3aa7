/** What a profile is known to do of a plan, and what each of its deviations has to do with it. */
import type { Script } from "../model/choices.ts";
import { predict, type Step } from "../model/model.ts";
import type { QuirkName } from "../model/quirks.ts";
import type { Plan } from "../plan/plan.ts";

/** Quirks, and who was asked about which. */
class AskedQuirks extends Set<QuirkName> {
  readonly #ask: (name: QuirkName | null) => void;

  constructor(names: Iterable<QuirkName>, ask: (name: QuirkName | null) => void) {
    super();
    for (const name of names) super.add(name);
    this.#ask = ask;
  }

  override has(name: QuirkName): boolean {
    this.#ask(name);
    return super.has(name);
  }

  /** Whoever asks whether there are any asks about all of them. */
  override get size(): number {
    this.#ask(null);
    return super.size;
  }
}

/**
 * A plan as quirks have it go, on one way. Without some of them it goes the same way until the model first asks about one of
 * those: up to there nothing is predicted again.
 */
export class Deviation {
  /** With all quirks. */
  readonly steps: readonly Step[];
  readonly #plan: Plan;
  readonly #quirks: ReadonlySet<QuirkName>;
  readonly #script: Script;
  /** Index of the step that first asked about a quirk; null stands for all of them. */
  readonly #firstAsked = new Map<QuirkName | null, number>();
  readonly #without = new Map<QuirkName, readonly Step[]>();
  #contract: readonly Step[] | null = null;

  /** @throws ScenarioMistake naming the step that has no meaning */
  constructor(plan: Plan, quirks: ReadonlySet<QuirkName>, script: Script) {
    this.#plan = plan;
    this.#quirks = quirks;
    this.#script = script;
    const steps: Step[] = [];
    const asked = new AskedQuirks(quirks, (name) => {
      if (!this.#firstAsked.has(name)) this.#firstAsked.set(name, steps.length);
    });
    while (steps.length < plan.steps.length) steps.push(...predict(plan, asked, script, steps, steps.length + 1));
    this.steps = steps;
  }

  /** Quirks that the model asked about on its way: no other changes what is expected. */
  get asked(): readonly QuirkName[] {
    return [...this.#quirks].filter((name) => this.#firstAsked.has(name));
  }

  /** The contract: none of the quirks. */
  get contract(): readonly Step[] {
    return (this.#contract ??= this.#predictWithout([null, ...this.#quirks], new Set()));
  }

  /** All quirks but one. */
  without(name: QuirkName): readonly Step[] {
    let steps = this.#without.get(name);
    if (steps === undefined) {
      const others = new Set([...this.#quirks].filter((each) => each !== name));
      steps = others.size === 0 ? this.contract : this.#predictWithout([name], others);
      this.#without.set(name, steps);
    }
    return steps;
  }

  #predictWithout(names: readonly (QuirkName | null)[], others: ReadonlySet<QuirkName>): readonly Step[] {
    const first = Math.min(...names.map((name) => this.#firstAsked.get(name) ?? Infinity));
    const same = this.steps.slice(0, Math.min(first, this.steps.length));
    return [...same, ...predict(this.#plan, others, this.#script, same)];
  }
}
