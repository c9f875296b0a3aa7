import { expect, it } from "vitest";
import { printProgress, spellDuration } from "./print-progress.ts";

function print(isTTY: boolean, percents: readonly number[]): string {
  const written: string[] = [];
  const report = printProgress({ isTTY, columns: 60, write: (text) => written.push(text) });
  report({ kind: "step", text: "Unpacking" });
  for (const percent of percents) {
    report({ kind: "advance", task: "Building", fraction: percent / 100, elapsed: 70_000, remaining: 130_000 });
  }
  report({ kind: "note", text: "odd" });
  return written.join("");
}

it("prints a line every ten percent where nobody watches", () => {
  const percents = Array.from({ length: 100 }, (_, index) => index);
  const lines = print(false, percents).trimEnd().split("\n");
  expect(lines).toHaveLength(12);
  expect(lines[0]).toBe("Unpacking");
  expect(lines[2]).toBe(" 10 % Building, 1 min 10 s, about 2 min 10 s left");
  expect(lines[11]).toBe("note: odd");
});

it("draws a bar on a terminal, within its width, and clears it before the next line", () => {
  const text = print(true, [50]);
  expect(text).toBe("Unpacking\n[############............]  50 % Building, 1 min 10 s, abou\r\x1b[Knote: odd\n");
});

it("says durations in minutes and seconds", () => {
  expect([spellDuration(900), spellDuration(59_400), spellDuration(190_000)]).toEqual(["1 s", "59 s", "3 min 10 s"]);
});
