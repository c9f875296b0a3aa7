import { expect, it } from "vitest";
import { planOf } from "../testing/plan-of.ts";
import { predict } from "./model.ts";

it.each([
  "attach: { function: a, to: A }",
  "replace: { function: a, to: A }",
  "detach: { function: a }",
  "pasid-attach: { function: a, pasid: 1, to: A }",
  "pasid-detach: { function: a, pasid: 1 }",
  "odd-call: { function: a, call: attach, how: long, to: A }",
  "bind-iommufd: { function: a }",
  "hot-reset: { function: a }",
])("has no word for calls without a descriptor: %s", (step) => {
  const plan = planOf(`
    bind: { function: a }
    ioas-alloc: { ioas: A }
    ${step}`);
  expect(() => predict(plan)).toThrow('Function "a" is not open');
});

it("has no word for groups that are passed without being open", () => {
  const plan = planOf(`
    take-iommufd: { function: a }
    hot-reset: { function: a, groups: [b] }`);
  expect(() => predict(plan)).toThrow('The group of "b" is not open');
});
