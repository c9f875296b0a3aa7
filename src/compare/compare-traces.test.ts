import { expect, it } from "vitest";
import type { Observation } from "../trace/observation.ts";
import { compareColumns, type Column } from "./compare-traces.ts";

const seen = (change: Partial<Observation> = {}): Observation => ({
  ...{ result: "OK", values: {}, functions: {}, messages: [], memory: {}, blocks: {}, alarms: [] },
  ...change,
});
const column = (name: string, ...steps: readonly (readonly [string, Column["steps"][number]["seen"]])[]): Column => ({
  name,
  steps: steps.map(([operation, what]) => ({ operation, seen: what })),
});

it("finds nothing where all are alike", () => {
  expect(compareColumns([column("a", ["x", seen()]), column("b", ["x", seen()])])).toEqual([]);
});

it("shows each place that differs once, with what each column has there", () => {
  const a = column("a", ["x", seen()], ["y", seen({ result: "EIO" })]);
  const b = column("b", ["x", seen()], ["y", seen({ result: "EINVAL", memory: { "p[0]": "z" } })]);
  const c = column("c", ["x", seen()], ["y", seen({ result: "EIO", memory: { "p[0]": "w" } })]);
  const [first, ...rest] = compareColumns([a, b, c]);
  expect(rest).toEqual([]);
  expect(first?.step).toBe(2);
  expect(first?.rows).toMatchObject([
    { path: "result", first: "EIO", others: [{ value: "EINVAL" }, null] },
    { path: "memory.p[0]", others: [{ value: "z" }, { value: "w" }] },
  ]);
});

it("takes what a model allows for alike", () => {
  const model = column("model", ["x", { ...seen(), result: { $oneOf: ["OK", "EIO"] } } as never]);
  expect(compareColumns([model, column("a", ["x", seen({ result: "EIO" })])])).toEqual([]);
  expect(compareColumns([model, column("a", ["x", seen({ result: "EBUSY" })])])).toHaveLength(1);
});

it("tells where another thing was done, and does not compare what follows", () => {
  const a = column("a", ["x", seen()], ["y", seen()], ["z", seen()]);
  const b = column("b", ["x", seen()], ["other", seen({ result: "EIO" })], ["z", seen({ result: "EIO" })]);
  expect(compareColumns([a, b])).toEqual([{ step: 2, rows: [], departed: ["b"] }]);
});

it("tells which ended early", () => {
  const a = column("a", ["x", seen()], ["y", seen()]);
  expect(compareColumns([a, column("b", ["x", seen()])])).toEqual([{ step: 2, rows: [], departed: ["b"] }]);
});
