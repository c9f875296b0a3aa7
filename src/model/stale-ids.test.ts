import { expect, it } from "vitest";
import { planOf } from "../testing/plan-of.ts";
import { predict } from "./model.ts";
import { ScenarioMistake } from "./scenario-mistake.ts";

const closed = `
  take-iommufd: { function: a }
  take-iommufd: { function: r }
  close: { function: a }`;
const resultOf = (steps: string): unknown => predict(planOf(closed + steps)).at(-1)!.expectation.result;

it.each([
  ["attach: { function: r, to: a }", "ENOENT"],
  ["destroy: { object: a }", "ENOENT"],
  ["destroy: { object: r }", "EBUSY"],
])("knows the id of a function that was closed until another object is made: %s", (step, result) => {
  expect(resultOf(`\n  ${step}`)).toBe(result);
});

it.each(["attach: { function: r, to: a }", "destroy: { object: a }"])("knows it no more then: %s", (step) => {
  expect(() => resultOf(`\n  ioas-alloc: { ioas: A }\n  ${step}`)).toThrow(ScenarioMistake);
});

it.each([
  ["ioas-alloc: { ioas: A }", "ioas-alloc: { ioas: A }"],
  ["hwpt-alloc: { hwpt: H, function: r, ioas: A }", "hwpt-alloc: { hwpt: H, function: r, ioas: B }"],
  ["hwpt-alloc: { hwpt: H, function: r, ioas: A }", "fault-queue-alloc: { queue: H }"],
  ["fault-queue-alloc: { queue: H }", "fault-queue-alloc: { queue: H }"],
  ["fault-queue-alloc: { queue: H }", "ioas-alloc: { ioas: H }"],
])("has no word for two objects of a name: %s, then %s", (one, other) => {
  const steps = ["take-iommufd: { function: r }", "ioas-alloc: { ioas: A }", "ioas-alloc: { ioas: B }", one];
  expect(() => predict(planOf([...steps, other].join("\n")))).toThrow("already");
});

it("makes an object of a name that was another's, which is gone or never was", () => {
  const steps = `
    take-iommufd: { function: r }
    ioas-alloc: { ioas: A }
    hwpt-alloc: { hwpt: H, function: r, ioas: A, flags: [pasid] }
    hwpt-alloc: { hwpt: H, function: r, ioas: A }
    destroy: { object: H }
    ioas-alloc: { ioas: H }`;
  expect(predict(planOf(steps)).at(-1)!.expectation.result).toBe("OK");
});
