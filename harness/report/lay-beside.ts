/** Expectation beside observation, leaf by leaf. */
import type { Pattern } from "../../src/compare/pattern.ts";
import type { Value } from "../../src/trace/observation.ts";
import { describeExpected, describeObserved } from "./describe-record.ts";

/** One leaf of an observation. */
export interface Row {
  readonly path: string;
  readonly expected: string;
  readonly observed: string;
  readonly differs: boolean;
}

/** Every leaf that was expected or observed, in the expectation's order; `differing` are the paths that differ. */
export function layBeside(
  expectation: unknown,
  observation: unknown,
  differing: ReadonlySet<string>,
): readonly Row[] {
  const expected = new Map(leavesOf(expectation as Pattern, ""));
  const observed = new Map(leavesOf(observation as Value, ""));
  const paths = [...new Set([...expected.keys(), ...observed.keys()])];
  return paths
    .filter((path) => expected.has(path) || findAbove(path, expected) === undefined || isDiffering(path, differing))
    .filter((path) => !isHollow(path, expected, observed) && !isHollow(path, observed, expected))
    .map((path) => ({
      path,
      expected: expected.has(path) ? describeExpected(expected.get(path)) : "nothing",
      observed: describeObserved(observed.has(path) ? observed.get(path) : collect(path, observed)),
      differs: isDiffering(path, differing),
    }));
}

const isDiffering = (path: string, differing: ReadonlySet<string>): boolean =>
  [...differing].some((each) => each === path || each.startsWith(`${path}.`) || each.startsWith(`${path}[`));

/** Whether one side has nothing in a place where the other has something: the something gets rows of its own. */
function isHollow(path: string, hollow: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>): boolean {
  const value = hollow.get(path);
  const empty =
    typeof value === "object" && value !== null && Object.keys(value).length === 0 && !Array.isArray(value);
  return empty && [...other.keys()].some((each) => each.startsWith(`${path}.`));
}

/** The leaf above a path, where the other side says it in one piece. */
function findAbove(path: string, leaves: ReadonlyMap<string, unknown>): unknown {
  return [...leaves.keys()].find((each) => path.startsWith(`${each}.`));
}

/** What one side has in pieces below a path that the other side says in one. */
function collect(path: string, leaves: ReadonlyMap<string, unknown>): unknown {
  const below = [...leaves].filter(([each]) => each.startsWith(`${path}.`));
  return below.length === 0
    ? undefined
    : Object.fromEntries(below.map(([each, value]) => [each.slice(path.length + 1), value]));
}

function leavesOf(value: Pattern | Value, path: string): (readonly [string, unknown])[] {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return [[path, value]];
  const entries = Object.entries(value as Readonly<Record<string, Value>>);
  if (path !== "" && entries.length === 0) return [[path, value]];
  if (entries.length === 1 && entries[0]?.[0].startsWith("$") === true) return [[path, value]];
  return entries.flatMap(([key, each]) => leavesOf(each, path === "" ? key : `${path}.${key}`));
}
