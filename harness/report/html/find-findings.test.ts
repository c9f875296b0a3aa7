import { expect, it } from "vitest";
import type { PageCell } from "../../../src/report/page-data.ts";
import { findFindings } from "./find-findings.ts";

const cellOf = (operation: string, path: string, observed: string, step = 5): PageCell => ({
  ...{ run: 0, scenario: 0, verdict: "fail", reason: "", seconds: 1, steps: step + 1, known: [], besides: [] },
  first: { ...{ step, operation, path, observed }, expected: "[]", contract: null },
});
const found = (...cells: readonly PageCell[]): readonly string[] =>
  findFindings(
    cells,
    cells.map(() => []),
  ).map(({ operations, cells: members }) => `${operations.join(", ")}: ${members.join(" ")}`);

it("takes an alarm for one finding, whichever operations raise it and whatever they say besides", () => {
  const alarm = '["WARNING: a.c at free"]';
  expect(
    found(
      cellOf("detach", "alarms", alarm),
      cellOf("close", "alarms", '["WARNING: a.c at free","list_add corruption"]', 7),
      cellOf("close", "alarms", '["list_add corruption"]'),
    ),
  ).toEqual(["detach, close: 0 1", "close: 2"]);
});

it("takes the same kind of place for one only in the same operation", () => {
  expect(
    found(
      cellOf("attach", "memory.p[0]", "nothing", 9),
      cellOf("attach", "memory.q[3]", "nothing"),
      cellOf("replace", "memory.p[0]", "nothing"),
    ),
  ).toEqual(["attach: 1 0", "replace: 2"]);
});

it("takes what several runs have in common for one", () => {
  const cell = cellOf("attach", "result", '"EIO"');
  expect(found(cell, { ...cell, run: 1 })).toEqual(["attach: 0 1"]);
});

it("has the one that shows in most scenarios first, and of as many the one that shows earliest", () => {
  const result = (operation: string, step: number): PageCell => cellOf(operation, "result", '"EIO"', step);
  expect(found(result("reset", 9), result("attach", 3), result("map", 8), result("map", 8))).toEqual([
    "map: 2 3",
    "attach: 1",
    "reset: 0",
  ]);
});
