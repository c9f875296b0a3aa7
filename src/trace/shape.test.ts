import { describe, expect, it } from "vitest";
import * as shapes from "./shape.ts";

const { text, having, only, listOf, entriesOf, optional, orNull, oneOf, wholeBetween, number, flag, something } =
  shapes;

it.each([
  ["text", text, "a"],
  ["text of a million characters", text, "a".repeat(1_000_000)],
  ["short text", shapes.shortText(2), "ab"],
  ["text of a kind", shapes.textLike(/^0x/u, "hex"), "0x1"],
  ["one of some", oneOf("a", "b"), "b"],
  ["a whole number", wholeBetween(1, 3), 3],
  ["a number", number, 0.5],
  ["true or false", flag, false],
  ["something", something, null],
  ["null", orNull(text), null],
  ["what is not there", optional(text), undefined],
  ["a list", listOf(text, 2), ["a", "b"]],
  ["entries", entriesOf(number), { a: 1, b: 2 }],
  ["an object with more than it must have", having({ a: text }), { a: "a", b: 1 }],
  ["an object with what it may have", only({ a: text, b: optional(text) }), { a: "a" }],
])("takes %s", (_, shape, value) => {
  expect(shape(value)).toBeNull();
});

const nested = having({
  list: listOf(having({ name: text })),
  map: optional(entriesOf(number)),
  more: optional(only({})),
});

describe("what is refused", () => {
  it.each([
    ["a number for text", text, 1, ": expected text"],
    ["text that is too long", text, "a".repeat(1_000_001), ": expected text"],
    ["a short text that is not", shapes.shortText(2), "abc", ": expected text of at most 2 characters"],
    ["text of another kind", shapes.textLike(/^0x/u, "hex"), "1x", ": expected hex"],
    ["what is none of some", oneOf("a", "b"), "toString", ": expected one of a, b"],
    ["less", wholeBetween(1, 3), 0, ": expected a whole number from 1 to 3"],
    ["more", wholeBetween(1, 3), 4, ": expected a whole number from 1 to 3"],
    ["a fraction", wholeBetween(1, 3), 1.5, ": expected a whole number from 1 to 3"],
    ["a number that JSON has no word for", number, JSON.parse("1e999"), ": expected a number"],
    ["text for a number", number, "1", ": expected a number"],
    ["a number for true", flag, 1, ": expected true or false"],
    ["nothing", something, undefined, ": expected something"],
    ["nothing for null", orNull(text), undefined, ": expected text"],
    ["null for nothing", optional(text), null, ": expected text"],
    ["an object for a list", listOf(text), { length: 0 }, ": expected a list"],
    ["too many", listOf(text, 1), ["a", "b"], ": expected at most 1"],
    ["a list for entries", entriesOf(text), [], ": expected an object"],
    [
      "a name that is too long",
      entriesOf(text),
      { ["a".repeat(1_000_001)]: "" },
      `${"a".repeat(100)}: expected a shorter name`,
    ],
    ["null for an object", having({}), null, ": expected an object"],
    ["what is only inherited", having({ toString: something }), {}, "toString: expected something"],
    ["a name too many", only({ a: text }), { a: "", b: "" }, ': nothing is named "b"'],
    ["what is wrong inside a list", nested, { list: [{ name: "a" }, {}] }, "list.1.name: expected text"],
    ["what is wrong inside entries", nested, { list: [], map: { x: "1" } }, "map.x: expected a number"],
    ["what has no place inside", nested, { list: [], more: { x: 1 } }, 'more: nothing is named "x"'],
  ])("%s", (_, shape, value: unknown, wrong) => {
    expect(shape(value)).toBe(wrong);
  });
});
