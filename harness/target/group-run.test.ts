import { expect, it } from "vitest";
import { operationFields, type Operation, type OperationName } from "../../src/operation/operation.ts";
import { groupRun } from "./group-run.ts";

const make = (op: OperationName, fields: object, more: object = {}): Operation =>
  ({ op, ...operationFields[op].parse(fields), ...more }) as Operation;
const map = (iova: string): Operation => make("ioas-map", { ioas: "A", iova, buffer: "p" });
const dma = (name: string, block: number): Operation => make("dma-read", { function: name, iova: "0x0", block });
/** Functions whose name begins with w are served here. */
const served = {
  performs: (operation: Operation): boolean => operation.op === "dma-read" && operation.function.startsWith("w"),
};
const sizes = (...operations: readonly Operation[]): readonly number[] =>
  groupRun(
    operations.map((operation) => ({ operation, isQuiet: false })),
    served,
  ).map(({ length }) => length);

it("asks for operations of the agent's at once", () => {
  expect(sizes(map("0x1000"), map("0x2000"), make("look", {}))).toEqual([3]);
  expect(sizes()).toEqual([]);
});

it("has what a function that is served here does itself ahead of what the agent is asked for", () => {
  expect(sizes(map("0x1000"), dma("w", 1), map("0x2000"), dma("w", 2), dma("w", 3))).toEqual([1, 2, 1, 1]);
});

it("leaves alone what a debugger or the monitor has a part in", () => {
  const answers = [{ instruction: "rpcit", cc: 1, status: 4, times: 1, from: 1, done: false }];
  const answered = make("ioas-map", { ioas: "A", iova: "0x1000", buffer: "p" }, { answers });
  expect(sizes(map("0x1000"), answered, map("0x2000"))).toEqual([1, 1, 1]);
  expect(sizes(make("unplug", { function: "a" }), make("look", {}))).toEqual([1, 1]);
});

it("has a block read on the host before the next operation writes it", () => {
  expect(sizes(dma("a", 1), dma("a", 2), dma("b", 1), dma("a", 1), dma("a", 2))).toEqual([3, 2]);
});
