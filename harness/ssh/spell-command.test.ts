import { expect, it } from "vitest";
import { spellCommand } from "./spell-command.ts";

it("joins plain words", () => {
  expect(spellCommand(["/usr/bin/qemu", "-m", "512", "-object", "iommufd,id=iommufd0", "a%20b@c+d:e"])).toBe(
    "/usr/bin/qemu -m 512 -object iommufd,id=iommufd0 a%20b@c+d:e",
  );
});

it.each([
  "",
  "two words",
  "a;b",
  "$HOME",
  "`id`",
  "a'b",
  'a"b',
  "a\\b",
  "a|b",
  "a>b",
  "a&b",
  "(a)",
  "*",
  "?",
  "[a]",
  "{a,b}",
  "~",
  "#x",
  "!x",
  "a\nb",
  "a\0b",
  "ä",
])("refuses the word %j", (word) => {
  expect(() => spellCommand(["program", word])).toThrow(/^Cannot run .* on a host: it would mean something/u);
});

it("refuses what a shell would take for a variable or an option in the program's place", () => {
  expect(() => spellCommand(["PATH=/tmp", "program"])).toThrow('Cannot run "PATH=/tmp"');
  expect(() => spellCommand(["-c", "program"])).toThrow('Cannot run "-c"');
});

it("refuses a line without end", () => {
  expect(() => spellCommand(["program", "x".repeat(5000)])).toThrow("more than 4096 characters");
});
