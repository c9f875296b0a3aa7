/**
 * Predictions of one plan under many sets of quirks and choices. What a step comes to depends on the state that it begins in, on the
 * quirks that the model asks about in it and on the choices that it takes: where these are as they were before, it is not predicted again.
 */
import type { Choice, Script } from "../model/choices.ts";
import { isSameState } from "../model/clone-state.ts";
import { initialState } from "../model/initial-state.ts";
import { predictStep, type Step } from "../model/model.ts";
import type { QuirkName } from "../model/quirks.ts";
import type { HostState } from "../model/state.ts";
import type { Plan } from "../plan/plan.ts";

/** What the model asked of a set of quirks: whether it has one, by name, or whether it has any. */
type Answers = ReadonlyMap<QuirkName | "any", boolean>;

/** A step that was predicted, and all that it depends on. */
export interface Predicted extends Step {
  readonly begin: HostState;
  readonly answers: Answers;
}

/** Quirks that remember what they were asked. */
class AskedQuirks extends Set<QuirkName> {
  readonly answers = new Map<QuirkName | "any", boolean>();
  readonly #quirks: ReadonlySet<QuirkName>;

  constructor(quirks: ReadonlySet<QuirkName>) {
    super();
    this.#quirks = quirks;
  }

  override has(name: QuirkName): boolean {
    const answer = this.#quirks.has(name);
    this.answers.set(name, answer);
    return answer;
  }

  override get size(): number {
    const { size } = this.#quirks;
    this.answers.set("any", size > 0);
    return size;
  }
}

/** Predicts a plan, each step once for all that it comes to the same for. */
export class Predictions {
  readonly plan: Plan;
  readonly #first: HostState;
  /** By index of the step. */
  readonly #made: readonly Predicted[][];

  constructor(plan: Plan) {
    this.plan = plan;
    this.#first = initialState(plan);
    this.#made = plan.steps.map(() => []);
  }

  /**
   * The steps that follow those of the same quirks and script that are given: as many as it takes for there to be `count`, or all.
   * @throws ScenarioMistake naming the step that has no meaning
   */
  goOn(
    given: readonly Predicted[],
    quirks: ReadonlySet<QuirkName>,
    script: Script,
    count = this.plan.steps.length,
  ): readonly Predicted[] {
    const steps = [...given];
    for (let index = steps.length; index < count; index++) {
      steps.push(this.#predict(index, steps.at(-1)?.state ?? this.#first, quirks, script[index] ?? []));
    }
    return steps;
  }

  #predict(index: number, begin: HostState, quirks: ReadonlySet<QuirkName>, told: readonly number[]): Predicted {
    const made = this.#made[index] ?? [];
    const same = made.find(
      (each) => each.begin === begin && answersAlike(each.answers, quirks) && takesAlike(each.choices, told),
    );
    if (same !== undefined) return same;
    const asked = new AskedQuirks(quirks);
    const step = predictStep(this.plan, index, begin, asked, told);
    // States that are the same are one from here on, so that what begins in them is.
    const state = made.find((each) => isSameState(each.state, step.state))?.state ?? step.state;
    const predicted: Predicted = { ...step, state, begin, answers: asked.answers };
    made.push(predicted);
    return predicted;
  }
}

function answersAlike(answers: Answers, quirks: ReadonlySet<QuirkName>): boolean {
  for (const [name, answer] of answers) {
    if ((name === "any" ? quirks.size > 0 : quirks.has(name)) !== answer) return false;
  }
  return true;
}

/** Whether what was taken is what is told, as {@link Choices} take it. */
const takesAlike = (choices: readonly Choice[], told: readonly number[]): boolean =>
  choices.every(({ ways, taken }, index) => {
    const wanted = told[index] ?? 0;
    return taken === (wanted < ways ? wanted : 0);
  });
