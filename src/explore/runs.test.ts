import { describe, expect, it } from "vitest";
import { operationFields, type Operation, type OperationName } from "../operation/operation.ts";
import { modelProfile } from "../target/model-target.ts";
import { Follower } from "../verdict/follow.ts";
import { planOfCast, type Cast } from "./cast.ts";
import { Runs } from "./runs.ts";

const make = (op: OperationName, fields: object): Operation =>
  ({ op, ...operationFields[op].parse(fields) }) as Operation;
const take = (name: string): Operation[] => [
  ...[make("bind", { function: name }), make("open", { function: name })],
  ...[make("bind-iommufd", { function: name }), make("ioas-alloc", { ioas: "A" })],
];
const map = (page: number): Operation =>
  make("ioas-map", { ioas: "A", iova: `0x10000${String(page)}000`, buffer: "p" });

/** The runs that operations come in, where each goes as foreseen. */
function runsOf(device: "nvme" | "witness", operations: readonly Operation[]): string[][] {
  const cast: Cast = { functions: { a: device }, buffers: { p: 1 }, kernelParameters: [], subjects: new Set() };
  const follower = new Follower(planOfCast("test", cast, modelProfile), []);
  const left = [...operations];
  const runs = new Runs(follower, () => () => {
    const operation = left.shift();
    return operation === undefined ? null : { operation, note: null };
  });
  const names: string[][] = [];
  for (let run = runs.next(); run.length > 0; run = runs.next()) {
    names.push(run.map(({ planned }) => planned.operation.op));
    for (const { planned } of run) follower.suppose(planned);
  }
  return names;
}

describe("runs", () => {
  const attach = make("attach", { function: "a", to: "A" });

  it("go on where it is known how each operation ends, and nobody but the agent is told of it", () => {
    const ops = runsOf("nvme", [...take("a"), attach, map(1), map(2)]);
    expect(ops).toEqual([["bind", "open", "bind-iommufd", "ioas-alloc", "attach", "ioas-map", "ioas-map"]]);
    expect(
      runsOf(
        "nvme",
        Array.from({ length: 20 }, () => make("look", {})),
      ).map(({ length }) => length),
    ).toEqual([16, 4]);
  });

  it("go on where what a function that is served can reach changes", () => {
    const runs = runsOf("witness", [...take("a"), attach, map(1), map(2), make("look", {})]);
    expect(runs).toHaveLength(1);
  });

  it("end before what the model has no word for", () => {
    expect(runsOf("nvme", [make("look", {}), make("close", { function: "a" }), make("look", {})])).toEqual([
      ["look"],
      ["look"],
    ]);
  });
});
