import { describe, expect, it } from "vitest";
import { escapeLine, escapeLines } from "./escape.ts";
import { formatJsonLine } from "./json-line.ts";

describe("escapeLine", () => {
  it.each([
    ["a terminal's escape sequences", "\u001b[2J\u009b31m", "\\x1b[2J\\x9b31m"],
    ["line ends and bells", "a\r\nb\u0007\u007f", "a\\x0d\\x0ab\\x07\\x7f"],
    ["what turns the direction of text", "abc\u202edef", "abc\\u{202e}def"],
    ["line separators and lone surrogates", "\u2028\ud800", "\\u{2028}\\u{d800}"],
  ])("makes %s visible", (_, text, readable) => {
    expect(escapeLine(text)).toBe(readable);
  });

  it("leaves plain text as it is, whatever its script", () => {
    expect(escapeLine("zPCI ≠ PCI, Größe, 関数, 🙂")).toBe("zPCI ≠ PCI, Größe, 関数, 🙂");
  });
});

it("splits foreign text into lines and widens tabs", () => {
  expect(escapeLines("a\r\n\tb\u001b\nc")).toEqual(["a", "  b\\x1b", "c"]);
});

describe("formatJsonLine", () => {
  it("is one line of JSON that reads back as the same value", () => {
    const value = { text: "a\nb\u009b\u202e\u2028\u{e0001} é" };
    const line = formatJsonLine(value);
    expect(line.endsWith("}\n")).toBe(true);
    expect(JSON.parse(line)).toEqual(value);
  });

  it("has nothing in it that a terminal obeys", () => {
    expect(formatJsonLine("\u001b\u009b\u202e\u{e0001}").trimEnd()).toBe('"\\u001b\\u009b\\u202e\\udb40\\udc01"');
  });
});
