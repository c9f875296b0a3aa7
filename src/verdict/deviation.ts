/** What a profile is known to do of a plan, and what each of its deviations has to do with it. */
import type { Script } from "../model/choices.ts";
import type { Step } from "../model/model.ts";
import type { QuirkName } from "../model/quirks.ts";
import type { Predicted, Predictions } from "./predictions.ts";

/** A plan as quirks have it go, on one way. */
export class Deviation {
  /** With all quirks. */
  readonly steps: readonly Predicted[];
  /** The contract: none of the quirks. */
  readonly contract: readonly Step[];
  /** Quirks that the model asked about on its way: no other changes what is expected. */
  readonly asked: readonly QuirkName[];
  readonly #predictions: Predictions;
  readonly #quirks: ReadonlySet<QuirkName>;
  readonly #script: Script;
  readonly #without = new Map<QuirkName, readonly Predicted[]>();

  /** @throws ScenarioMistake naming the step that has no meaning */
  constructor(predictions: Predictions, quirks: ReadonlySet<QuirkName>, script: Script) {
    this.#predictions = predictions;
    this.#quirks = quirks;
    this.#script = script;
    this.steps = predictions.goOn([], quirks, script);
    this.contract = predictions.goOn([], new Set(), script);
    this.asked = [...quirks].filter((name) => this.steps.some(({ answers }) => answers.has(name)));
  }

  /** A step, by its index, with all quirks but one. */
  without(name: QuirkName, index: number): Step | undefined {
    const others = new Set([...this.#quirks].filter((each) => each !== name));
    const steps = this.#predictions.goOn(this.#without.get(name) ?? [], others, this.#script, index + 1);
    this.#without.set(name, steps);
    return steps[index];
  }
}
