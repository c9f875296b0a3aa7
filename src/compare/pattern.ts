/**
 * Patterns: what an expectation may say instead of a plain value where its ground allows several answers.
 *
 * A plain value matches itself. `{ $any: true }` matches everything, `{ $not: p }` all but p, `{ $oneOf: [...] }` one of
 * several, `{ $range: [low, high] }` a number, `{ $match: "regex" }` a string, `{ $has: {...} }` an object that has at
 * least these entries, `{ $each: p }` a list of one or more that all match p, `{ $maybe: p }` what matches p, or nothing.
 */
import type { Value } from "../trace/observation.ts";

/** A value or a pattern over values. */
export type Pattern =
  | string
  | number
  | boolean
  | null
  | { readonly $any: true }
  | { readonly $not: Pattern }
  | { readonly $oneOf: readonly Pattern[] }
  | { readonly $range: readonly [number, number] }
  | { readonly $match: string }
  | { readonly $has: Readonly<Record<string, Pattern>> }
  | { readonly $each: Pattern }
  | { readonly $maybe: Pattern }
  | readonly Pattern[]
  | { readonly [key: string]: Pattern };

/** Matches every value. */
export const anything: Pattern = { $any: true };

/** A number between low and high, both included; the number itself where they are equal. */
export const between = (low: number, high: number): Pattern => (low === high ? low : { $range: [low, high] });

/** One difference between what was expected and what was observed. */
export interface Difference {
  /** Where, such as `functions.a.counters.mapped`. */
  readonly path: string;
  readonly expected: Pattern;
  /** Undefined where nothing was there. */
  readonly observed: Value | undefined;
}

/** The operator of a pattern that is one: its only key, where that begins with a dollar. */
function operatorOf(pattern: object): string | null {
  let operator: string | null = null;
  for (const key in pattern) {
    if (operator !== null || !key.startsWith("$")) return null;
    operator = key;
  }
  return operator;
}

/** Everything in which the value does not match the pattern; empty when it matches. */
export function findDifferences(pattern: Pattern, value: Value | undefined, path: string): Difference[] {
  const found: Difference[] = [];
  collectDifferences(pattern, value, path, found);
  return found;
}

/** Most patterns match: nothing is made for one that does. */
function collectDifferences(pattern: Pattern, value: Value | undefined, path: string, found: Difference[]): void {
  const differ = (): void => {
    found.push({ path, expected: pattern, observed: value });
  };
  if (pattern === null || typeof pattern !== "object") {
    if (pattern !== value) differ();
    return;
  }
  if (Array.isArray(pattern)) {
    if (!Array.isArray(value) || value.length !== pattern.length) {
      differ();
      return;
    }
    for (const [index, each] of (pattern as readonly Pattern[]).entries()) {
      collectDifferences(each, value[index] as Value, `${path}[${String(index)}]`, found);
    }
    return;
  }
  const operator = operatorOf(pattern);
  if (operator !== null) {
    if (!matchesOperator(operator, pattern as Record<string, unknown>, value)) differ();
    return;
  }
  if (value === null || value === undefined || typeof value !== "object" || Array.isArray(value)) {
    differ();
    return;
  }
  const expected = pattern as Readonly<Record<string, Pattern>>;
  const observed = value as Readonly<Record<string, Value>>;
  const innerPath = (key: string): string => (path === "" ? key : `${path}.${key}`);
  for (const key of Object.keys(expected)) {
    const wanted = expected[key];
    if (wanted !== undefined) collectDifferences(wanted, observed[key], innerPath(key), found);
    else if (Object.hasOwn(observed, key))
      found.push({ path: innerPath(key), expected: absent, observed: observed[key] });
  }
  for (const key of Object.keys(observed)) {
    if (!Object.hasOwn(expected, key))
      found.push({ path: innerPath(key), expected: absent, observed: observed[key] });
  }
}

/** Whether two patterns say the same: what JSON makes of them, without making it. */
export function isSamePattern(one: Pattern, other: Pattern): boolean {
  if (one === other) return true;
  if (one === null || other === null || typeof one !== "object" || typeof other !== "object") return false;
  if (Array.isArray(one) || Array.isArray(other)) {
    if (!Array.isArray(one) || !Array.isArray(other) || one.length !== other.length) return false;
    return one.every((each: Pattern, index) => isSamePattern(each, other[index] as Pattern));
  }
  const [left, right] = [one as Readonly<Record<string, Pattern>>, other as Readonly<Record<string, Pattern>>];
  const keys = Object.keys(left).filter((key) => left[key] !== undefined);
  const others = Object.keys(right).filter((key) => right[key] !== undefined);
  return (
    keys.length === others.length &&
    keys.every((key) => Object.hasOwn(right, key) && isSamePattern(left[key] as Pattern, right[key] as Pattern))
  );
}

/** Stands in a difference for "nothing was expected here". */
export const absent = { $match: "^(?!)" } as const satisfies Pattern;

function matchesOperator(operator: string, pattern: Record<string, unknown>, value: Value | undefined): boolean {
  const operand = pattern[operator];
  switch (operator) {
    case "$any":
      return value !== undefined;
    case "$not":
      return value !== undefined && findDifferences(operand as Pattern, value, "").length > 0;
    case "$oneOf":
      return (operand as readonly Pattern[]).some((each) => findDifferences(each, value, "").length === 0);
    case "$range": {
      const [low, high] = operand as [number, number];
      return typeof value === "number" && value >= low && value <= high;
    }
    case "$has":
      return (
        value !== null &&
        typeof value === "object" &&
        Object.entries(operand as Record<string, Pattern>).every(
          ([key, each]) => findDifferences(each, (value as Record<string, Value>)[key], "").length === 0,
        )
      );
    case "$each":
      return (
        Array.isArray(value) &&
        value.length > 0 &&
        value.every((each: Value) => findDifferences(operand as Pattern, each, "").length === 0)
      );
    case "$maybe":
      return value === undefined || findDifferences(operand as Pattern, value, "").length === 0;
    case "$match":
      return typeof value === "string" && new RegExp(operand as string, "u").test(value);
    default:
      throw new TypeError(`Unknown pattern operator "${operator}"`);
  }
}

/** A value that the pattern allows, for a target that must show one: the model. */
export function exampleOf(pattern: Pattern): Value {
  if (pattern === null || typeof pattern !== "object") return pattern;
  if (Array.isArray(pattern)) return pattern.map((each: Pattern) => exampleOf(each));
  switch (operatorOf(pattern)) {
    case null:
      return Object.fromEntries(Object.entries(pattern).map(([key, each]) => [key, exampleOf(each)]));
    case "$oneOf":
      return exampleOf((pattern as { $oneOf: readonly Pattern[] }).$oneOf[0] ?? null);
    case "$range":
      return (pattern as { $range: readonly [number, number] }).$range[0];
    case "$has":
      return exampleOf((pattern as { $has: Readonly<Record<string, Pattern>> }).$has);
    case "$each":
      return [exampleOf((pattern as { $each: Pattern }).$each)];
    case "$maybe":
      return exampleOf((pattern as { $maybe: Pattern }).$maybe);
    case "$match":
      return (pattern as { $match: string }).$match.replace(/^\^|\$$/gu, "");
    default:
      return "any";
  }
}

/** The pattern as a short text for people. */
export function describePattern(pattern: Pattern): string {
  if (pattern === null || typeof pattern !== "object") return JSON.stringify(pattern);
  if (Array.isArray(pattern)) return `[${pattern.map((each: Pattern) => describePattern(each)).join(", ")}]`;
  switch (operatorOf(pattern)) {
    case null:
      return `{${Object.entries(pattern)
        .map(([key, each]) => `${key}: ${describePattern(each)}`)
        .join(", ")}}`;
    case "$any":
      return "anything";
    case "$not":
      return `anything but ${describePattern((pattern as { $not: Pattern }).$not)}`;
    case "$oneOf":
      return (pattern as { $oneOf: readonly Pattern[] }).$oneOf.map((each) => describePattern(each)).join(" or ");
    case "$range":
      return (pattern as { $range: readonly [number, number] }).$range.join(" to ");
    case "$each":
      return `one or more, each ${describePattern((pattern as { $each: Pattern }).$each)}`;
    case "$maybe":
      return `nothing or ${describePattern((pattern as { $maybe: Pattern }).$maybe)}`;
    case "$match": {
      const { $match } = pattern as { $match: string };
      // Told by its text: a pattern that went through a file is another object.
      return $match === absent.$match ? "nothing" : `/${$match}/`;
    }
    default:
      return JSON.stringify(pattern);
  }
}
