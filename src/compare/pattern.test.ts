import { describe, expect, it } from "vitest";
import {
  absent,
  anything,
  between,
  describePattern,
  exampleOf,
  findDifferences,
  isSamePattern,
  type Pattern,
} from "./pattern.ts";

const differs = (pattern: Pattern, value: Parameters<typeof findDifferences>[1]): boolean =>
  findDifferences(pattern, value, "").length > 0;

describe("findDifferences", () => {
  it("takes a plain value for itself", () => {
    expect(differs({ a: [1, "x", null] }, { a: [1, "x", null] })).toBe(false);
    expect(differs(1, "1")).toBe(true);
    expect(differs(null, 0)).toBe(true);
  });

  it("names the place of each difference", () => {
    const found = findDifferences({ f: { a: { n: 1 } }, list: [1, 2] }, { f: { a: { n: 2 } }, list: [1, 3] }, "");
    expect(found.map((each) => each.path)).toEqual(["f.a.n", "list[1]"]);
  });

  it("sees what nothing was expected of, and what is missing", () => {
    const found = findDifferences({ a: 1 }, { b: 2 }, "memory");
    expect(found).toEqual([
      { path: "memory.a", expected: 1, observed: undefined },
      { path: "memory.b", expected: absent, observed: 2 },
    ]);
  });

  it("compares lists by length first", () => {
    expect(differs([], ["a error 0x4"])).toBe(true);
    expect(differs(["a error 0x4"], [])).toBe(true);
  });

  it("follows every operator", () => {
    expect(differs({ $not: "ready" }, "ready")).toBe(true);
    expect(differs({ $not: "ready" }, "failed")).toBe(false);
    expect(differs({ $oneOf: [1, { $range: [5, 6] }] }, 5)).toBe(false);
    expect(differs({ $oneOf: [1, { $range: [5, 6] }] }, 4)).toBe(true);
    expect(differs({ $range: [1, 3] }, "2")).toBe(true);
    expect(differs({ $match: "^a error 0x[0-9a-f]+$" }, "a error 0x3b")).toBe(false);
    expect(differs({ $has: { a: 1 } }, { a: 1, b: 2 })).toBe(false);
    expect(differs({ $has: { a: 1 } }, { b: 2 })).toBe(true);
    expect(differs({ $each: "a" }, ["a", "a"])).toBe(false);
    expect(differs({ $each: "a" }, ["a", "b"])).toBe(true);
    expect(differs({ $each: "a" }, [])).toBe(true);
    expect(differs({ $each: "a" }, "a")).toBe(true);
    expect(differs({ m: { $maybe: "a" } }, {})).toBe(false);
    expect(differs({ m: { $maybe: "a" } }, { m: "a" })).toBe(false);
    expect(differs({ m: { $maybe: "a" } }, { m: "b" })).toBe(true);
    expect(differs(anything, undefined)).toBe(true);
  });

  it("takes an object of the guest with a $ in a key for data, not for an operator", () => {
    expect(differs({ state: "ready" }, { $any: true })).toBe(true);
  });

  it("refuses an operator nobody defined", () => {
    expect(() => findDifferences({ $almost: 1 }, 1, "")).toThrow('Unknown pattern operator "$almost"');
  });
});

describe("exampleOf", () => {
  it.each<[Pattern]>([
    [between(2, 5)],
    [{ $oneOf: ["a", "b"] }],
    [{ x: [{ $not: "ready" }] }],
    [anything],
    [between(3, 3)],
    [{ $each: { $oneOf: ["a", "b"] } }],
    [{ m: { $maybe: anything } }],
  ])("gives a value that %j allows", (pattern) => {
    expect(findDifferences(pattern, exampleOf(pattern), "")).toEqual([]);
  });
});

describe("describePattern", () => {
  it("speaks to people", () => {
    expect(describePattern({ $oneOf: [0, between(2, 4)] })).toBe("0 or 2 to 4");
    expect(describePattern({ state: { $not: "ready" } })).toBe('{state: anything but "ready"}');
    expect(describePattern(absent)).toBe("nothing");
    expect(describePattern({ $each: { $oneOf: ["a", "b"] } })).toBe('one or more, each "a" or "b"');
    expect(describePattern({ $maybe: anything })).toBe("nothing or anything");
  });
});

it("takes two patterns for the same where they say the same", () => {
  const pattern: Pattern = { a: [1, { $range: [1, 2] }], b: null, c: "x" };
  expect(isSamePattern(pattern, structuredClone(pattern))).toBe(true);
  const others: Pattern[] = [
    { ...pattern, b: "null" },
    { ...pattern, a: [1] },
    { ...pattern, a: [1, { $range: [1, 3] }] },
    { ...pattern, d: 1 },
    [1],
    null,
  ];
  for (const other of others)
    expect([isSamePattern(pattern, other), isSamePattern(other, pattern)]).toEqual([false, false]);
});
