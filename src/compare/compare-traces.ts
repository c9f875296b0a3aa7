/** Traces of the same operations side by side: where they first differ, and in what. */
import type { Observation, Value } from "../trace/observation.ts";
import { findDifferences, type Pattern } from "./pattern.ts";

/** What one of those that are compared says of a step: an observation, or an expectation where it is the model. */
export interface Column {
  readonly name: string;
  /** What was asked, and what was seen of it, step by step. */
  readonly steps: readonly ColumnStep[];
}

/** One step of a column. */
export interface ColumnStep {
  /** The operation as JSON has it. */
  readonly operation: string;
  readonly seen: Pattern | Observation;
}

/** A place that differs: what each column has there; null for what is as in the first. */
export interface DifferingRow {
  readonly path: string;
  readonly first: Pattern;
  /** One for each column after the first; undefined where nothing is there, null where it is as in the first. */
  readonly others: readonly ({ readonly value: Value | undefined } | null)[];
}

/** A step that differs. */
export interface DifferingStep {
  /** 1-based. */
  readonly step: number;
  readonly rows: readonly DifferingRow[];
  /** Columns that did something else from here on, or nothing: what they saw is not compared any more. */
  readonly departed: readonly string[];
}

/** Every step in which a column differs from the first, in order. */
export function compareColumns([first, ...others]: readonly Column[]): readonly DifferingStep[] {
  if (first === undefined) return [];
  const departed = new Set<string>();
  const steps: DifferingStep[] = [];
  const length = Math.max(first.steps.length, ...others.map(({ steps: all }) => all.length));
  for (let index = 0; index < length; index++) {
    const reference = first.steps[index];
    const leaving = others.filter(
      ({ name, steps: all }) => !departed.has(name) && all[index]?.operation !== reference?.operation,
    );
    for (const { name } of leaving) departed.add(name);
    const rows = reference === undefined ? [] : compareStep(reference, others, index, departed);
    if (rows.length > 0 || leaving.length > 0) {
      steps.push({ step: index + 1, rows, departed: leaving.map(({ name }) => name) });
    }
  }
  return steps;
}

function compareStep(
  reference: ColumnStep,
  others: readonly Column[],
  index: number,
  departed: ReadonlySet<string>,
): DifferingRow[] {
  const rows = new Map<string, { first: Pattern; others: ({ readonly value: Value | undefined } | null)[] }>();
  others.forEach(({ name, steps }, column) => {
    const step = steps[index];
    if (step === undefined || departed.has(name)) return;
    for (const { path, expected, observed } of findDifferences(
      reference.seen as Pattern,
      step.seen as unknown as Value,
      "",
    )) {
      const row = rows.get(path) ?? { first: expected, others: others.map(() => null) };
      row.others[column] = { value: observed };
      rows.set(path, row);
    }
  });
  return [...rows].map(([path, row]) => ({ path, ...row }));
}
