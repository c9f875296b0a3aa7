/** What led to a step that failed: the steps since the same was last as expected. */

/** As much of a step as it takes. */
export interface LeadingStep {
  readonly operation: { readonly op: string; readonly function?: unknown };
  readonly verdict: string;
  readonly result: string;
}

/** Steps that are told of at most, the failing one among them. */
const most = 6;

/**
 * Indices of the steps that led to the one at `failing`, itself the last of them: from where the same operation, or DMA of the
 * same function, last succeeded as expected. Where that was long ago, or never, the last few.
 */
export function findLeadUp(steps: readonly LeadingStep[], failing: number): readonly number[] {
  const step = steps[failing];
  if (step === undefined) return [];
  const before = steps.slice(0, failing);
  const asExpected = before.findLastIndex(
    ({ operation, verdict, result }) => verdict === "pass" && result === "OK" && isAlike(operation, step.operation),
  );
  const first = Math.max(0, asExpected, failing - most + 1);
  return Array.from({ length: failing - first + 1 }, (_, index) => first + index);
}

function isAlike(one: LeadingStep["operation"], other: LeadingStep["operation"]): boolean {
  const kindOf = (op: string): string => (/^dma-(?:read|write)$/u.test(op) ? "dma" : op);
  return kindOf(one.op) === kindOf(other.op) && one.function === other.function;
}
