import { expect, it } from "vitest";
import type { Scenario } from "../../src/scenario/scenario.ts";
import { orderScenarios } from "./order-scenarios.ts";

const scenario = (name: string, tags: string[], steps: number): Scenario =>
  ({ name, tags, steps: Array.from({ length: steps }) }) as unknown as Scenario;

it("puts shared tags first, then the short, then by name, and drops none", () => {
  const scenarios = [
    scenario("d", ["map"], 9),
    scenario("c", [], 2),
    scenario("b", [], 2),
    scenario("a", ["map", "dma"], 20),
    scenario("e", ["dma"], 4),
  ];
  expect(orderScenarios(scenarios, ["dma", "map"]).map((each) => each.name)).toEqual(["a", "e", "d", "b", "c"]);
});
