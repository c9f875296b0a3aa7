import type { Step } from "../model/model.ts";
import { quirkNames, type QuirkName } from "../model/quirks.ts";
import type { Plan } from "../plan/plan.ts";
import { Predictions } from "../verdict/predictions.ts";

const known = new Map<string, readonly QuirkName[]>();

/**
 * The quirks that change what is expected of a plan, each taken alone. Throws what a prediction throws.
 */
export function quirksThatChange(plan: Plan): readonly QuirkName[] {
  const key = JSON.stringify(plan);
  const before = known.get(key);
  if (before) return before;
  const predictions = new Predictions(plan);
  const plain = textOf(predictions.goOn([], new Set(), []));
  const changing = quirkNames.filter((name) => textOf(predictions.goOn([], new Set([name]), [])) !== plain);
  known.set(key, changing);
  return changing;
}

const textOf = (steps: readonly Step[]): string =>
  JSON.stringify(steps.map(({ expectation, choices }) => [expectation, choices]));
