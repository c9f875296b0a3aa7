/** What came of failing a scenario's allocations. */
import type { Verdict } from "../evidence/record.ts";
import type { OperationTally } from "./cursor.ts";
import type { Deviation, Injection } from "./sweep.ts";

/** A deviation, and whether it comes of that one allocation. */
export interface FailNthFinding extends Deviation {
  /** It shows on a pristine kernel, where nothing but this allocation failed. */
  readonly confirmed: boolean;
  readonly reproduce: string;
}

/** A scenario whose allocations failed. */
export interface FailNthRecord {
  readonly record: 1;
  readonly scenario: string;
  /**
   * `pass`: every operation refused or went on without, and all was well after; `known`: or something was lost that should not be;
   * `skip`: nothing could be tried.
   */
  readonly verdict: Verdict;
  readonly reason: string | null;
  readonly operations: readonly OperationTally[];
  /** Kernels that it took. */
  readonly kernels: number;
  readonly findings: readonly FailNthFinding[];
  /** Names of what was lost, of `fixtures/fail-nth/losses.yaml`. */
  readonly lost: readonly string[];
  readonly seconds: number;
  /** Folder with the traces of what differed. */
  readonly evidence: string;
}

/** How often something came of it, in all. */
export function sumUp(operations: readonly OperationTally[]): {
  readonly injections: number;
  readonly refused: number;
} {
  return {
    injections: operations.reduce((sum, each) => sum + each.injections, 0),
    refused: operations.reduce((sum, each) => sum + each.refused, 0),
  };
}

/** An injection as `--fail-nth` takes it. */
export const spellInjection = ({ step, nth }: Injection): string => `${String(step)}:${String(nth)}`;

/** Reads what {@link spellInjection} writes; null where it is no such thing. */
export function parseInjection(text: string): Injection | null {
  const found = /^([1-9]\d{0,4}):([1-9]\d{0,5})$/.exec(text);
  return found === null ? null : { step: Number(found[1]), nth: Number(found[2]) };
}
