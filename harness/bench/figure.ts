/** A figure, judged against its bar. */
import type { Figure } from "./benchmark-record.ts";
import type { Part } from "./measurements.ts";

/** What a figure is before anything is measured. */
export interface FigureDefinition extends Pick<Figure, "figure" | "what" | "unit" | "bar"> {
  readonly part: Part;
}

/** What was found. */
export interface Finding {
  readonly value: number;
  readonly spread?: NonNullable<Figure["spread"]>;
  readonly baseline?: NonNullable<Figure["baseline"]>;
  readonly ratio?: number;
  readonly note?: string;
}

/** A figure that was measured, judged. */
export function judgeFigure(definition: FigureDefinition, found: Finding): Figure {
  const { value, spread = null, baseline = null, ratio = null, note = null } = found;
  const figure = { ...definition, value, spread, baseline, ratio, note };
  const { bar } = definition;
  if (bar === null) return { ...figure, state: "shown" };
  const compared = bar.of === "ratio" ? ratio : value;
  // A number that is none misses no bar: nothing was found out.
  if (compared === null || !Number.isFinite(compared)) {
    return {
      ...figure,
      value: finite(value),
      ratio: finite(ratio),
      state: "unmeasured",
      note: note ?? "no number came of it",
    };
  }
  return { ...figure, state: holds(compared, bar) ? "met" : "missed" };
}

/** A figure that could not be measured. */
export const unmeasured = (definition: FigureDefinition, why: string): Figure => ({
  ...definition,
  ...{ value: null, spread: null, baseline: null, ratio: null, state: "unmeasured", note: why },
});

function holds(value: number, { relation, limit }: NonNullable<Figure["bar"]>): boolean {
  switch (relation) {
    case "at most":
      return value <= limit;
    case "at least":
      return value >= limit;
    case "below":
      return value < limit;
  }
}

const finite = (value: number | null): number | null => (value !== null && Number.isFinite(value) ? value : null);
