/** What a function that is served could reach after each of several operations that its guest performed by itself. */
import { findDifferences, type Pattern } from "../../src/compare/pattern.ts";
import type { DeviceView, Value } from "../../src/trace/observation.ts";
import { describeReach } from "../../src/zpci/reach.ts";
import type { ReachStep } from "../vfio-user/observed-function.ts";

/**
 * Shares what a function was told out to the operations during which it was. Nobody says which those were, but the order is that of
 * the operations: each is given the fewest steps by which it, and those after it, show what they are to show. One that nothing
 * explains has all that is left, and shows that.
 * @param start what it could reach before the first
 */
export function shareOut(
  expected: readonly (Pattern | undefined)[],
  start: readonly string[],
  steps: readonly ReachStep[],
): readonly DeviceView[] {
  const reaches = [start, ...steps.map(({ mappings }) => describeReach(mappings))];
  const viewOf = (from: number, to: number): DeviceView => {
    const told = steps.slice(from, to);
    const [emptied, reset] = [told.some((each) => each.emptied), told.some((each) => each.reset)];
    return { reach: reaches[to] ?? start, emptied, reset };
  };
  const fitting = new Map<string, boolean>();
  const fits = (index: number, to: number, view: DeviceView): boolean => {
    const key = `${String(index)} ${String(to)} ${String(view.emptied)} ${String(view.reset)}`;
    const known = fitting.get(key);
    if (known !== undefined) return known;
    const pattern = expected[index];
    const fit = pattern !== undefined && findDifferences(pattern, view as unknown as Value, "").length === 0;
    fitting.set(key, fit);
    return fit;
  };
  /** The furthest that was come, and how many steps that took. */
  let furthest: { readonly views: readonly DeviceView[]; readonly from: number } = { views: [], from: 0 };
  const dead = new Set<string>();
  const place = (from: number, views: readonly DeviceView[]): readonly DeviceView[] | null => {
    const index = views.length;
    if (index === expected.length) return from === steps.length ? views : null;
    if (index > furthest.views.length) furthest = { views, from };
    const key = `${String(index)} ${String(from)}`;
    if (dead.has(key)) return null;
    const isLast = index === expected.length - 1;
    for (let to = isLast ? steps.length : from; to <= steps.length; to += 1) {
      const view = viewOf(from, to);
      const placed = fits(index, to, view) ? place(to, [...views, view]) : null;
      if (placed !== null) return placed;
    }
    dead.add(key);
    return null;
  };
  const placed = place(0, []);
  if (placed !== null) return placed;
  const { views, from } = furthest;
  const after = expected.slice(views.length + 1).map(() => viewOf(steps.length, steps.length));
  return [...views, viewOf(from, steps.length), ...after];
}
