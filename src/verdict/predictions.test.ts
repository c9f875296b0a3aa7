import { expect, it } from "vitest";
import type { QuirkName } from "../model/quirks.ts";
import { planOf, resetAndBlocked } from "../testing/plan-of.ts";
import { Predictions } from "./predictions.ts";

const plan = resetAndBlocked;
const last = plan.steps.length - 1;
const quirks = (...names: readonly QuirkName[]): ReadonlySet<QuirkName> => new Set(names);

it("predicts nothing again where the model asks about no quirk that differs", () => {
  const predictions = new Predictions(plan);
  const blocked = predictions.goOn([], quirks("blocked-dma-silent"), []);
  const contract = predictions.goOn([], quirks("pasid-zero-attaches-device"), []);
  expect(contract.slice(0, last)).toEqual(blocked.slice(0, last));
  for (const [index, step] of contract.slice(0, last).entries()) expect(step).toBe(blocked[index]);
  expect(contract[last]?.expectation).not.toEqual(blocked[last]?.expectation);
});

it("goes on alike from a step that ends alike, whatever it shows", () => {
  // A witness says whether the reset that comes with a bind reached it: nothing comes of that later.
  const opened = planOf("take-iommufd: { function: w }\nioas-alloc: { ioas: A }", { bench: "emulated" });
  const at = opened.steps.findIndex(({ operation }) => operation.op === "bind-iommufd");
  const predictions = new Predictions(opened);
  const deviating = predictions.goOn([], quirks("reset-stops-at-zpci"), []);
  const contract = predictions.goOn([], quirks(), []);
  expect(deviating[at]?.expectation).not.toEqual(contract[at]?.expectation);
  expect(deviating[at]?.state).toBe(contract[at]?.state);
  expect(deviating[at + 1]).toBeDefined();
  expect(deviating[at + 1]).toBe(contract[at + 1]);
});

it("predicts no further than it is asked", () => {
  const predictions = new Predictions(plan);
  const begun = predictions.goOn([], quirks(), [], 2);
  expect(begun).toHaveLength(2);
  expect(predictions.goOn(begun, quirks(), [])).toHaveLength(plan.steps.length);
});
