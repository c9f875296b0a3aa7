/** What a profile is known to do of a plan, and what each of its deviations has to do with it. */
import type { Script } from "../model/choices.ts";
import { isSameState } from "../model/clone-state.ts";
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
 * A plan as quirks have it go, on one way. Without some of them a step goes the same way where it begins in the same state and the
 * model asks about none of those in it: such steps are not predicted again.
 */
export class Deviation {
  /** With all quirks. */
  readonly steps: readonly Step[];
  readonly #plan: Plan;
  readonly #quirks: ReadonlySet<QuirkName>;
  readonly #script: Script;
  /** Indexes of the steps that asked about a quirk; null stands for all of them. */
  readonly #askedAt = new Map<QuirkName | null, Set<number>>();
  readonly #without = new Map<QuirkName, readonly Step[]>();
  #contract: readonly Step[] | null = null;

  /** How many steps it has in common with the one before it. */
  readonly shared: number;
  /** The one before it, for as long as something of it may be wanted. */
  #before: Deviation | null;

  /**
   * @param before the same plan with the same quirks, by a script whose next one this is: up to its last step they are alike
   * @throws ScenarioMistake naming the step that has no meaning
   */
  constructor(plan: Plan, quirks: ReadonlySet<QuirkName>, script: Script, before: Deviation | null = null) {
    this.#plan = plan;
    this.#quirks = quirks;
    this.#script = script;
    this.#before = before;
    this.shared = before === null ? 0 : Math.max(0, script.length - 1);
    const steps: Step[] = before === null ? [] : before.steps.slice(0, this.shared);
    for (const [name, at] of before === null ? [] : before.#askedAt) {
      const shared = [...at].filter((index) => index < this.shared);
      if (shared.length > 0) this.#askedAt.set(name, new Set(shared));
    }
    const asked = new AskedQuirks(quirks, (name) => {
      const at = this.#askedAt.get(name);
      if (at === undefined) this.#askedAt.set(name, new Set([steps.length]));
      else at.add(steps.length);
    });
    while (steps.length < plan.steps.length) steps.push(...predict(plan, asked, script, steps, steps.length + 1));
    this.steps = steps;
  }

  /** Quirks that the model asked about on its way: no other changes what is expected. */
  get asked(): readonly QuirkName[] {
    return [...this.#quirks].filter((name) => this.#askedAt.has(name));
  }

  /** The contract: none of the quirks. */
  get contract(): readonly Step[] {
    this.#contract ??= this.#predictWithout([null, ...this.#quirks], new Set(), this.#before?.contract ?? []);
    this.#before = null;
    return this.#contract;
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

  /** The steps without some quirks; those in common with the way before it are `known`. */
  #predictWithout(
    names: readonly (QuirkName | null)[],
    others: ReadonlySet<QuirkName>,
    known: readonly Step[] = [],
  ): readonly Step[] {
    const asked = new Set(names.flatMap((name) => [...(this.#askedAt.get(name) ?? [])]));
    const steps: Step[] = known.slice(0, this.shared);
    const [last, other] = [steps.at(-1), this.steps[steps.length - 1]];
    let isSame = last === other || isSameState(last, other);
    for (const [index, step] of this.steps.entries()) {
      if (index < steps.length) continue;
      if (isSame && !asked.has(index)) {
        steps.push(step);
        continue;
      }
      const [other = step] = predict(this.#plan, others, this.#script, steps, index + 1);
      steps.push(other);
      isSame = isSameState(other.state, step.state) && isSameState(other.choices, step.choices);
    }
    return steps;
  }
}
