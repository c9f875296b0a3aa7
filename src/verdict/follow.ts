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
  /** It leaves open how things go on: what comes of it is to be seen first. */
  readonly isOpen: boolean;
  /** The kernel has nothing to say of it. */
  readonly isQuiet: boolean;
  /** How the DMA that it is would end, such as "success"; null of what is none, or where that is not said. */
  readonly completion: string | null;
  /** All that would be observed of it. */
  readonly expectation: Step["expectation"];
}

/** What was foreseen of an operation, the usual way, and where it leads. */
export interface Foretold {
  readonly planned: PlannedStep;
  readonly foreseen: Foreseen;
  /** From where that was foreseen. */
  readonly from: States;
  readonly contract: Step;
  readonly deviating: Step;
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

function completionOf(values: Pattern): string | null {
  const { completion, $has } = values as { completion?: Pattern; $has?: { completion?: Pattern } };
  const told = completion ?? $has?.completion;
  return typeof told === "string" ? told : null;
}

const saysNothing = (pattern: Pattern | undefined): boolean => Array.isArray(pattern) && pattern.length === 0;

const judge = (contract: Step, deviating: Step, observation: Observation): Gone => ({
  states: { contract: contract.state, deviating: deviating.state },
  choices: deviating.choices,
  differences: compareObservation(deviating.expectation, observation),
  meetsContract: compareObservation(contract.expectation, observation).length === 0,
});

/** Follows a host, at each operation the first way that explains what was observed: what shows only later it does not go back for. */
export class Follower {
  readonly #plan: Plan;
  #quirks: ReadonlySet<QuirkName>;
  #states: States;
  /** What was foreseen last. */
  #foreseen: Foretold | null = null;

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
    if (this.#foreseen?.planned === planned) return this.#foreseen.foreseen;
    this.#foreseen = this.#lookAhead(planned);
    return this.#foreseen?.foreseen ?? null;
  }

  #lookAhead(planned: PlannedStep): Foretold | null {
    const from = this.#states;
    try {
      const contract = this.#step(from.contract, planned, new Set(), new Choices([]));
      const deviating = this.#step(from.deviating, planned, this.#quirks, new Choices([]));
      const { state, expectation, choices } = deviating;
      const isOpen = choices.length > 0 || typeof expectation.result !== "string";
      const isQuiet = saysNothing(expectation.messages) && saysNothing(expectation.alarms);
      const completion = completionOf(expectation.values);
      const foreseen = { result: expectation.result, isLost: state.lost, isOpen, isQuiet, completion, expectation };
      return { planned, foreseen, from, contract, deviating };
    } catch (error) {
      if (error instanceof ScenarioMistake) return null;
      throw error;
    }
  }

  /** One that is where this one is, to look ahead with. */
  scout(): Follower {
    const scout = new Follower(this.#plan, []);
    scout.#quirks = this.#quirks;
    scout.catchUp(this);
    return scout;
  }

  /** Goes where another one of the same plan is. */
  catchUp(other: Follower): void {
    this.#states = other.#states;
    this.#foreseen = null;
  }

  /** Goes on as an operation would, the usual way, which it says; null, and stays, where the model has no word for it. */
  suppose(planned: PlannedStep): Foretold | null {
    this.foresee(planned);
    const foretold = this.#foreseen;
    if (foretold === null) return null;
    this.#states = { contract: foretold.contract.state, deviating: foretold.deviating.state };
    this.#foreseen = null;
    return foretold;
  }

  /**
   * Goes on by an operation, the way that it went, and says how what was observed differs from what that must show: in
   * nothing where it is as the contract says, or as the ledger does. A way that the model has no word for explains nothing.
   * What was foretold of it from here need not be thought of again, where that is how it went.
   * @throws ScenarioMistake where it has no word for any
   */
  follow(performed: PlannedStep, observation: Observation, foretold?: Foretold): Followed {
    if (foretold !== undefined && this.#isFrom(foretold)) {
      const gone = judge(foretold.contract, foretold.deviating, observation);
      if (gone.differences.length === 0) return this.#goOn(gone, performed);
    }
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
    return this.#goOn(best, performed);
  }

  #isFrom({ from }: Foretold): boolean {
    return from.contract === this.#states.contract && from.deviating === this.#states.deviating;
  }

  #goOn({ states, choices, differences, meetsContract }: Gone, { operation }: PlannedStep): Followed {
    this.#states = states;
    this.#foreseen = null;
    // Whether there was memory is the first choice of all.
    const refused = operation.failNth !== undefined && (choices[0]?.taken ?? 0) > 0;
    return { differences: meetsContract ? [] : differences, refused };
  }

  #go(choices: Choices, performed: PlannedStep, observation: Observation): Gone {
    const deviating = this.#step(this.#states.deviating, performed, this.#quirks, choices);
    const told = choices.made.map(({ taken }) => taken);
    const contract = this.#step(this.#states.contract, performed, new Set(), new Choices(told));
    return judge(contract, deviating, observation);
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
