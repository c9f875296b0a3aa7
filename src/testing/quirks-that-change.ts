import { predict } from "../model/model.ts";
import { quirkNames, type QuirkName } from "../model/quirks.ts";
import type { Plan } from "../plan/plan.ts";

const known = new Map<string, readonly QuirkName[]>();

/**
 * The quirks that change what is expected of a plan, each taken alone: predicted for every quirk that the model asks
 * about on its way, as one that it does not ask about changes nothing. Throws what a prediction throws.
 */
export function quirksThatChange(plan: Plan): readonly QuirkName[] {
  const key = JSON.stringify(plan);
  const before = known.get(key);
  if (before) return before;
  const asked = new Set<QuirkName>();
  const none = new (class extends Set<QuirkName> {
    override has(name: QuirkName): boolean {
      asked.add(name);
      return super.has(name);
    }
  })();
  const plain = stepsOf(plan, none);
  const changing = quirkNames.filter((name) => asked.has(name) && stepsOf(plan, new Set([name])) !== plain);
  known.set(key, changing);
  return changing;
}

const stepsOf = (plan: Plan, quirks: ReadonlySet<QuirkName>): string =>
  JSON.stringify(predict(plan, quirks).map(({ expectation, choices }) => [expectation, choices]));
