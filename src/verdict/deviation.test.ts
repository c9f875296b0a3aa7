import { expect, it } from "vitest";
import { predict, type Step } from "../model/model.ts";
import { quirkNames, type QuirkName } from "../model/quirks.ts";
import { resetAndBlocked } from "../testing/plan-of.ts";
import { Deviation } from "./deviation.ts";
import { Predictions } from "./predictions.ts";

const plan = resetAndBlocked;
const all = new Set(quirkNames);
const stepsWithout = (deviation: Deviation, name: QuirkName): readonly (Step | undefined)[] =>
  plan.steps.map((_, index) => deviation.without(name, index));
/** What is told of steps, without what they were predicted from. */
const expectedOf = (steps: readonly (Step | undefined)[]): unknown =>
  steps.map((step) => [step?.state, step?.expectation, step?.choices]);

it("predicts the contract, and what each quirk has to do with it, as from the beginning", () => {
  const deviation = new Deviation(new Predictions(plan), all, []);
  expect(expectedOf(deviation.steps)).toEqual(expectedOf(predict(plan, all)));
  expect(expectedOf(deviation.contract)).toEqual(expectedOf(predict(plan)));
  for (const name of quirkNames) {
    const others = new Set(quirkNames.filter((each) => each !== name));
    expect(expectedOf(stepsWithout(deviation, name)), name).toEqual(expectedOf(predict(plan, others)));
  }
});

it("knows which quirks the model asked about: the others change nothing", () => {
  const { asked } = new Deviation(new Predictions(plan), all, []);
  expect(asked).toContain("shadow-by-rpcit");
  expect(asked).not.toContain("pasid-zero-attaches-device");
  expect(asked.length).toBeLessThan(quirkNames.length);
});

it("goes another way as from the beginning, after another", () => {
  // Every script that the judge may try, whether or not the plan has so much to choose.
  for (const step of [1, 3, plan.steps.length]) {
    const predictions = new Predictions(plan);
    const before = new Deviation(predictions, all, []);
    const taken = before.steps.slice(0, step - 1).map(({ choices }) => choices.map((each) => each.taken));
    const script = [...taken, [1]];
    const next = new Deviation(predictions, all, script);
    expect(expectedOf(next.steps)).toEqual(expectedOf(predict(plan, all, script)));
    expect(expectedOf(next.contract)).toEqual(expectedOf(predict(plan, new Set(), script)));
    for (const name of next.asked) {
      const others = new Set(quirkNames.filter((each) => each !== name));
      expect(expectedOf(stepsWithout(next, name)), name).toEqual(expectedOf(predict(plan, others, script)));
    }
  }
});
