import { predict, type Step } from "../model/model.ts";
import { quirkNames, type QuirkName } from "../model/quirks.ts";
import type { Plan } from "../plan/plan.ts";

const known = new Map<string, readonly QuirkName[]>();

/**
 * The quirks that change what is expected of a plan, each taken alone: predicted for every quirk that the model asks
 * about on its way, from where it first asks, as nothing is changed before. Throws what a prediction throws.
 */
export function quirksThatChange(plan: Plan): readonly QuirkName[] {
  const key = JSON.stringify(plan);
  const before = known.get(key);
  if (before) return before;
  const firstAsked = new Map<QuirkName, number>();
  const plain: Step[] = [];
  const none = new (class extends Set<QuirkName> {
    override has(name: QuirkName): boolean {
      if (!firstAsked.has(name)) firstAsked.set(name, plain.length);
      return super.has(name);
    }
  })();
  while (plain.length < plan.steps.length) plain.push(...predict(plan, none, [], plain, plain.length + 1));
  const changing = quirkNames.filter((name) => {
    const first = firstAsked.get(name);
    if (first === undefined) return false;
    return textOf(predict(plan, new Set([name]), [], plain.slice(0, first))) !== textOf(plain.slice(first));
  });
  known.set(key, changing);
  return changing;
}

const textOf = (steps: readonly Step[]): string =>
  JSON.stringify(steps.map(({ expectation, choices }) => [expectation, choices]));
