import { expect, it } from "vitest";
import type { Figure } from "./benchmark-record.ts";
import { benchmarkExitCode } from "./exit-code.ts";
import { unmeasured } from "./figure.ts";

const figure = (state: Figure["state"]): Figure => ({
  ...unmeasured({ figure: "f", part: "thaw", what: "", unit: "ms", bar: null }, ""),
  state,
});

it.each([
  [["met", "shown"], 0, 0],
  [["met", "missed"], 0, 1],
  [["met", "unmeasured"], 2, 2],
  [["missed", "unmeasured"], 2, 1],
  [[], 2, 2],
] as const)("%j: %d, and %d with --check", (states, code, checked) => {
  expect(benchmarkExitCode(states.map(figure), false)).toBe(code);
  expect(benchmarkExitCode(states.map(figure), true)).toBe(checked);
});
