/** Steps in which the kernel once gets no memory. */
import { expect, it } from "vitest";
import { predict } from "../model/model.ts";
import { planOf } from "../testing/plan-of.ts";
import { parseScenario } from "./parse.ts";
import { kernelOptionsOf } from "./requirements.ts";
import type { Scenario } from "./scenario.ts";

const parse = (steps: string): Scenario =>
  parseScenario(
    `name: sample\nsummary: Steps without memory\ntags: [test]\nfunctions: { a: witness }\nbuffers: { p: 1 }\nsteps:\n${steps}`,
    "sample.yaml",
  );
const alloc = "  - ioas-alloc: { ioas: A }\n";
const map = "  - ioas-map: { ioas: A, iova: base, buffer: p }\n    fail-nth: ";

it("says which allocation fails, and takes a kernel that can fail them", () => {
  const scenario = parse(`${alloc}${map}3\n`);
  expect(scenario.steps.map(({ failNth }) => failNth)).toEqual([undefined, 3]);
  expect(kernelOptionsOf(scenario)).toEqual(expect.arrayContaining(["FAILSLAB", "FAULT_INJECTION"]));
  expect(kernelOptionsOf(parse(alloc))).not.toContain("FAILSLAB");
});

it("is judged by whether it is refused and all is as it was, or done", () => {
  const plan = planOf(`
    ioas-alloc: { ioas: A }
    { ioas-map: { ioas: A, iova: base, buffer: p }, fail-nth: 3 }
    ioas-unmap: { ioas: A, iova: base, length: 0x4000 }`);
  expect(plan.steps.map(({ operation }) => operation.failNth)).toEqual([undefined, 3, undefined]);
  const results = (way: number): unknown =>
    predict(plan, new Set(), [[], [way]]).map(({ expectation }) => expectation.result);
  expect(results(0)).toEqual(["OK", "OK", "OK"]);
  expect(results(1)).toEqual(["OK", "ENOMEM", "ENOENT"]);
});

it("may flush an unmap of type1 three times, which goes on without memory", () => {
  const plan = planOf(`
    take-type1: { function: a, container: C }
    container-map: { container: C, iova: base, buffer: p, pages: 1 }
    { container-unmap: { container: C, iova: base, length: 0x1000 }, fail-nth: 1 }`);
  const { result, functions } = predict(plan).at(-1)!.expectation;
  expect({ result, functions }).toMatchObject({
    result: "OK",
    functions: { a: { counters: { syncRpcits: { $range: [1, 3] }, unmapped: 1 } } },
  });
});

it.each([
  ["no number", `${map}soon\n`, "expected a number from 1 to 100000, found"],
  ["zero", `${map}0\n`, "expected a number from 1"],
  ["a phrase", "  - take-iommufd: { function: a }\n    fail-nth: 1\n", 'give "fail-nth" to one of them'],
  ["an answer beside", `${map}1\n    answer: { instruction: rpcit, cc: 2 }\n`, "one cause at a time"],
])("refuses %s", (_, steps, problem) => {
  expect(() => parse(alloc + steps)).toThrow(problem);
});
