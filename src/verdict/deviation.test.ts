import { expect, it } from "vitest";
import { predict } from "../model/model.ts";
import { quirkNames } from "../model/quirks.ts";
import { resetAndBlocked } from "../testing/plan-of.ts";
import { Deviation } from "./deviation.ts";

const plan = resetAndBlocked;
const all = new Set(quirkNames);

it("predicts the contract, and what each quirk has to do with it, as from the beginning", () => {
  const deviation = new Deviation(plan, all, []);
  expect(deviation.steps).toEqual(predict(plan, all));
  expect(deviation.contract).toEqual(predict(plan));
  for (const name of quirkNames) {
    const others = new Set(quirkNames.filter((each) => each !== name));
    expect(deviation.without(name), name).toEqual(predict(plan, others));
  }
});

it("knows which quirks the model asked about: the others change nothing", () => {
  const { asked } = new Deviation(plan, all, []);
  expect(asked).toContain("shadow-by-rpcit");
  expect(asked).not.toContain("pasid-zero-attaches-device");
  expect(asked.length).toBeLessThan(quirkNames.length);
});

it("predicts nothing again up to the step that first asks", () => {
  const deviation = new Deviation(plan, new Set(["blocked-dma-silent", "death-goes-unheard"]), []);
  const without = deviation.without("blocked-dma-silent");
  const last = plan.steps.length - 1;
  expect(without[last - 1]).toBe(deviation.steps[last - 1]);
  expect(without[last]).not.toBe(deviation.steps[last]);
  expect(without[last]?.expectation).not.toEqual(deviation.steps[last]?.expectation);
});

it("has the contract for what is left without an only quirk", () => {
  const deviation = new Deviation(plan, new Set(["blocked-dma-silent"]), []);
  expect(deviation.without("blocked-dma-silent")).toBe(deviation.contract);
});

it("goes another way as from the beginning, and has in common with the one before it what comes before the choice", () => {
  // Every script that the judge may try, whether or not the plan has so much to choose.
  for (const step of [1, 3, plan.steps.length]) {
    const before = new Deviation(plan, all, []);
    const taken = before.steps.slice(0, step - 1).map(({ choices }) => choices.map((each) => each.taken));
    const script = [...taken, [1]];
    const next = new Deviation(plan, all, script, before);
    expect(next.shared).toBe(step - 1);
    expect(next.steps.slice(0, step - 1)).toEqual(before.steps.slice(0, step - 1));
    expect(next.steps).toEqual(predict(plan, all, script));
    expect(next.contract).toEqual(predict(plan, new Set(), script));
    for (const name of next.asked) {
      const others = new Set(quirkNames.filter((each) => each !== name));
      expect(next.without(name), name).toEqual(predict(plan, others, script));
    }
  }
});
