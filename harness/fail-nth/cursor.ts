/** Which allocations of which operations of a plan are still to fail. */
import type { OperationName } from "../../src/operation/operation.ts";
import type { Plan } from "../../src/plan/plan.ts";

/** What one operation was put through. */
export interface OperationTally {
  /** Number of the step, from 1. */
  readonly step: number;
  readonly operation: OperationName;
  /** Allocations that failed. */
  readonly injections: number;
  /** How often the operation refused for it; otherwise it went on without. */
  readonly refused: number;
}

/** Operations that make no system call of their own, or many: which call an allocation belongs to would be luck. */
const leftOut: ReadonlySet<OperationName> = new Set<OperationName>([
  ...(["nvme-enable", "queues-enable", "nvme-identify", "dma-write", "dma-read", "bus-master"] as const),
  ...(["fill", "look", "pinned"] as const),
  // The kernel's own driver, and what only looks.
  ...(["drive", "block-read", "block-write", "counters-reset", "await-flush", "group", "churn"] as const),
  // What our own functions do.
  ...(["plug", "unplug", "event", "remove", "interrupt", "dma-release", "storm-begin", "storm-end"] as const),
  ...(["function-dies", "function-returns", "misbehave", "fault-read", "event-read"] as const),
]);

/** Goes through the allocations of a plan's operations, however many kernels that takes. */
export class Cursor {
  readonly #operations: { next: number; done: boolean; injections: number; refused: number }[];
  readonly #plan: Plan;

  /** `claim` says of an operation, by all that led to it, whether it is this plan's to try: plans often begin alike. */
  constructor(plan: Plan, claim: (history: string) => boolean) {
    this.#plan = plan;
    const devices = plan.functions.map(({ name, device, module }) => [name, device, module]);
    const history: unknown[] = [devices, plan.buffers];
    this.#operations = plan.steps.map(({ operation }) => {
      history.push(operation);
      const tried = leftOut.has(operation.op) || !claim(JSON.stringify(history));
      return { next: 1, done: tried, injections: 0, refused: 0 };
    });
  }

  /** Whether every allocation of every operation has failed. */
  get isDone(): boolean {
    return this.#operations.every(({ done }) => done);
  }

  /** What the operations were put through, those that were. */
  get tallies(): readonly OperationTally[] {
    return this.#operations.flatMap(({ injections, refused }, index) => {
      const operation = this.#plan.steps[index]?.operation.op;
      return injections === 0 || operation === undefined ? [] : [{ step: index + 1, operation, injections, refused }];
    });
  }

  /** Which allocation of an operation fails next; null where none is left. */
  next(index: number): number | null {
    const operation = this.#operations[index];
    return operation === undefined || operation.done ? null : operation.next;
  }

  /** Takes in what came of it. */
  note(index: number, outcome: { readonly injected: boolean; readonly refused: boolean }): void {
    const operation = this.#operations[index];
    if (operation === undefined) return;
    operation.next += 1;
    // It has fewer allocations than that.
    operation.done = !outcome.injected;
    if (outcome.injected) operation.injections += 1;
    if (outcome.injected && outcome.refused) operation.refused += 1;
  }
}
