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
