import { expect, it } from "vitest";
import { LineSplitter } from "./line-splitter.ts";

it("puts lines together from whatever pieces come", () => {
  const lines = new LineSplitter(100);
  expect(lines.push(Buffer.from("one\r\ntw"))).toEqual(["one"]);
  expect(lines.push(Buffer.from("o"))).toEqual([]);
  expect(lines.push(Buffer.from("\n\nfour\nfi"))).toEqual(["two", "", "four"]);
});

it("keeps characters whole that were cut in two", () => {
  const lines = new LineSplitter(100);
  const bytes = Buffer.from("grün\n");
  expect([...lines.push(bytes.subarray(0, 3)), ...lines.push(bytes.subarray(3))]).toEqual(["grün"]);
});

it("refuses a line over its limit, complete or not", () => {
  expect(() => new LineSplitter(3).push(Buffer.from("abcd\n"))).toThrow("longer than 3 bytes");
  const lines = new LineSplitter(3);
  lines.push(Buffer.from("ab"));
  expect(() => lines.push(Buffer.from("cd"))).toThrow(RangeError);
});
