import type { Scenario } from "../../src/scenario/scenario.ts";

/**
 * Scenarios in the order that should kill a mutant soonest: those that share most tags with it first, among equals the
 * shortest, then by name, so that the order is the same every time.
 */
export function orderScenarios(scenarios: readonly Scenario[], tags: readonly string[]): Scenario[] {
  const shared = new Map(scenarios.map((each) => [each, each.tags.filter((tag) => tags.includes(tag)).length]));
  return [...scenarios].sort(
    (one, other) =>
      (shared.get(other) ?? 0) - (shared.get(one) ?? 0) ||
      one.steps.length - other.steps.length ||
      (one.name < other.name ? -1 : 1),
  );
}
