/** One kernel's part of a sweep: a scenario in which allocations fail, one at a time, as long as all goes as it should. */
import type { Difference } from "../../src/compare/pattern.ts";
import type { Operation, OperationName } from "../../src/operation/operation.ts";
import type { Plan, PlannedStep } from "../../src/plan/plan.ts";
import type { StartedTarget } from "../../src/target/target.ts";
import type { Observation } from "../../src/trace/observation.ts";
import type { Follower } from "../../src/verdict/follow.ts";
import type { Cursor } from "./cursor.ts";
import { listReleases, listSecondRound } from "./ending.ts";
import { parseFailureStack } from "./failure-stack.ts";
import { explainDifferences, type Deviating, type Loss } from "./losses.ts";

/** An allocation that failed. */
export interface Injection {
  /** Number of the step, from 1. */
  readonly step: number;
  /** Number of the allocation in its operation, from 1. */
  readonly nth: number;
}

/** Something that is not as it should be after an allocation failed. */
export interface Deviation {
  /** The last allocation that failed before; null where none had. */
  readonly after: Injection | null;
  /** Number of the step that differs; null where it is one that follows the scenario. */
  readonly step: number | null;
  readonly operation: OperationName;
  readonly differences: readonly Difference[];
  /** Functions of the kernel that asked for the memory, innermost first. */
  readonly stack: readonly string[];
}

/** What is told of every operation, for the evidence. */
export type Performed = Awaited<ReturnType<StartedTarget["perform"]>> & { readonly operation: Operation };

/** What a sweep goes by. */
export interface Sweep {
  readonly plan: Plan;
  readonly started: StartedTarget;
  readonly follower: Follower;
  /** What may be lost. */
  readonly losses: readonly Loss[];
  readonly onPerformed: (performed: Performed) => void;
  readonly signal: AbortSignal;
}

interface Found {
  readonly injected: boolean;
  readonly refused: boolean;
  readonly deviation: Deviation | null;
}

/** Results after which nobody is left to ask. */
const isEnd = ({ result }: Observation): boolean => ["panic", "hang", "stopped"].includes(result);

/** A kernel on which allocations fail, and what was seen of it. */
export class Kernel {
  readonly #sweep: Sweep;
  #last: Injection | null = null;
  /** Who asked in vain. */
  readonly #stacks: (readonly string[])[] = [];
  readonly #lost = new Set<Loss>();
  #ended = false;

  constructor(sweep: Sweep) {
    this.#sweep = sweep;
  }

  /** What was lost. */
  get lost(): ReadonlySet<Loss> {
    return this.#lost;
  }

  /**
   * Goes through the plan. In each operation the next allocation fails that has not failed yet, and the one after it as
   * long as the operation refuses; then the plan goes on. At the end all is let go of, and taken up again.
   * Returns what differs first; null where all is as it should be.
   * @throws whatever kept the target from an answer
   */
  async sweep(cursor: Cursor): Promise<Deviation | null> {
    const { plan } = this.#sweep;
    for (const [index, planned] of plan.steps.entries()) {
      for (;;) {
        const nth = cursor.next(index);
        const found = await this.#perform(planned, index + 1, nth);
        if (nth !== null) cursor.note(index, found);
        if (found.deviation !== null || this.#isOver()) return found.deviation;
        if (!found.injected || !found.refused) break;
      }
    }
    return this.#end();
  }

  /** Goes through the plan with one allocation failing, of which the kernel says where it was. */
  async inject({ step, nth }: Injection): Promise<Deviation | null> {
    for (const [index, planned] of this.#sweep.plan.steps.entries()) {
      const here = index + 1 === step;
      const first = await this.#perform(planned, index + 1, here ? nth : null);
      if (first.deviation !== null || this.#isOver()) return first.deviation;
      if (!here || !first.refused) continue;
      const { deviation } = await this.#perform(planned, index + 1, null);
      if (deviation !== null || this.#isOver()) return deviation;
    }
    return this.#end();
  }

  /** What comes after the plan. */
  async #end(): Promise<Deviation | null> {
    for (const list of [listReleases, listSecondRound]) {
      for (const operation of list(this.#sweep.follower.state, this.#sweep.plan)) {
        const { deviation } = await this.#perform({ operation, note: null }, null, null);
        if (deviation !== null || this.#isOver()) return deviation;
      }
    }
    return null;
  }

  #isOver(): boolean {
    return this.#ended;
  }

  async #perform(planned: PlannedStep, step: number | null, nth: number | null): Promise<Found> {
    const { started, follower, onPerformed, signal } = this.#sweep;
    const operation: Operation = nth === null ? planned.operation : { ...planned.operation, failNth: nth };
    const performed = await started.perform(operation, signal);
    onPerformed({ ...performed, operation });
    const { observation, evidence } = performed;
    const injected = nth !== null && (observation.values["injected"] === true || isEnd(observation));
    if (injected && step !== null) {
      this.#last = { step, nth };
      this.#stacks.push(parseFailureStack(evidence.log));
    }
    const { differences, refused } = follower.follow({ ...planned, operation }, observation);
    const isExplained =
      differences.length === 0 || this.#explain({ operation: operation.op, differences }, observation);
    const stack = this.#stacks.at(-1) ?? [];
    const deviation = isExplained ? null : { after: this.#last, step, operation: operation.op, differences, stack };
    return { injected, refused, deviation };
  }

  /** Whether what differs is a loss. What comes after one makes no sense any more, unless it was nothing but a warning. */
  #explain(deviating: Deviating, observation: Observation): boolean {
    const loss = isEnd(observation) ? null : explainDifferences(deviating, this.#stacks, this.#sweep.losses);
    if (loss === null) return false;
    this.#lost.add(loss);
    this.#ended ||= deviating.differences.some(({ path }) => !path.startsWith("alarms"));
    return true;
  }
}
