/** Judging as it goes: one operation after the other, for whoever decides by what came of one which is the next. */
import { compareObservation } from "../compare/compare.ts";
import type { Difference, Pattern } from "../compare/pattern.ts";
import { Choices, nextScript, type Choice, type Script } from "../model/choices.ts";
import { initialState } from "../model/initial-state.ts";
import { narrow, step, type Step } from "../model/model.ts";
import { ScenarioMistake } from "../model/scenario-mistake.ts";
import type { QuirkName } from "../model/quirks.ts";
import type { HostState } from "../model/state.ts";
import type { Plan, PlannedStep } from "../plan/plan.ts";
import type { Observation } from "../trace/observation.ts";
import { quirksOf, type Ledger } from "./ledger.ts";

/** The host as the contract has it, and as it is known to deviate. */
interface States {
  readonly contract: HostState;
  readonly deviating: HostState;
}

/** What came of an operation. */
export interface Followed {
  readonly differences: readonly Difference[];
  /** It ended for want of memory, and all is as it was. */
  readonly refused: boolean;
}

/** What an operation would come to. */
export interface Foreseen {
  /** How it would end. */
  readonly result: Pattern;
  /** Nothing could be said of the kernel after it. */
  readonly isLost: boolean;
}

interface Gone {
  readonly states: States;
  readonly choices: readonly Choice[];
  /** To the host as it is known to deviate. */
  readonly differences: readonly Difference[];
  readonly meetsContract: boolean;
}

/** How little one way explains; that which a host is known to go before that of the contract, where it should have gone. */
const rank = ({ differences, meetsContract }: Gone): number =>
  differences.length === 0 ? 0 : meetsContract ? 0.5 : differences.length;

/** Follows a host, at each operation the first way that explains what was observed: what shows only later it does not go back for. */
export class Follower {
  readonly #plan: Plan;
  readonly #quirks: ReadonlySet<QuirkName>;
  #states: States;

  constructor(plan: Plan, ledger: Ledger) {
    this.#plan = plan;
    this.#quirks = quirksOf(ledger, plan.profile);
    this.#states = { contract: initialState(plan), deviating: initialState(plan) };
  }

  /** The host as it is known to be. */
  get state(): HostState {
    return this.#states.deviating;
  }

  /** What an operation would come to if all went the usual way; null where the model has no word for it. */
  foresee(planned: PlannedStep): Foreseen | null {
    try {
      this.#step(this.#states.contract, planned, new Set(), new Choices([]));
      const { state, expectation } = this.#step(this.#states.deviating, planned, this.#quirks, new Choices([]));
      return { result: expectation.result, isLost: state.lost };
    } catch (error) {
      if (error instanceof ScenarioMistake) return null;
      throw error;
    }
  }

  /**
   * Goes on by an operation, the way that it went, and says how what was observed differs from what that must show: in
   * nothing where it is as the contract says, or as the ledger does. A way that the model has no word for explains nothing.
   * @throws ScenarioMistake where it has no word for any
   */
  follow(performed: PlannedStep, observation: Observation): Followed {
    let best: Gone | null = null;
    let mistake: ScenarioMistake | null = null;
    for (let script: Script | null = []; script !== null;) {
      const choices = new Choices(script[0] ?? []);
      try {
        const gone = this.#go(choices, performed, observation);
        // Where none fits, it went the way from which it differs least.
        if (best === null || rank(gone) < rank(best)) best = gone;
        if (gone.differences.length === 0) break;
      } catch (error) {
        if (!(error instanceof ScenarioMistake)) throw error;
        mistake ??= error;
      }
      script = nextScript([choices.made]);
    }
    if (best === null) throw mistake ?? new RangeError("No way was tried");
    this.#states = best.states;
    // Whether there was memory is the first choice of all.
    const refused = performed.operation.failNth !== undefined && (best.choices[0]?.taken ?? 0) > 0;
    return { differences: best.meetsContract ? [] : best.differences, refused };
  }

  #go(choices: Choices, performed: PlannedStep, observation: Observation): Gone {
    const deviating = this.#step(this.#states.deviating, performed, this.#quirks, choices);
    const told = choices.made.map(({ taken }) => taken);
    const contract = this.#step(this.#states.contract, performed, new Set(), new Choices(told));
    const meetsContract = compareObservation(contract.expectation, observation).length === 0;
    return {
      states: { contract: contract.state, deviating: deviating.state },
      choices: deviating.choices,
      differences: compareObservation(deviating.expectation, observation),
      meetsContract,
    };
  }

  #step(
    state: HostState,
    { operation, expectedMemory }: PlannedStep,
    quirks: ReadonlySet<QuirkName>,
    choices: Choices,
  ): Step {
    return narrow(step(state, operation, this.#plan.profile, quirks, choices), expectedMemory);
  }
}
