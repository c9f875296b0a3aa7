/** Resets that a function has of its own, and when it has them. */
import { describe, expect, it } from "vitest";
import type { Pattern } from "../compare/pattern.ts";
import { makePlan } from "../plan/make-plan.ts";
import { parseScenario } from "../scenario/parse.ts";
import { modelProfile } from "../target/model-target.ts";
import { predict } from "./model.ts";

/** What comes of the last step, on a function of each kind that is open. */
function lastOn(device: string, steps: readonly string[]): { readonly result: Pattern; readonly messages: Pattern } {
  const lines = ["take-iommufd: { function: a }", ...steps].map((step) => `  - ${step}`);
  const header = `name: sample\nsummary: Which resets it has\ntags: [test]\nfunctions: { a: ${device} }\nsteps:`;
  const plan = makePlan(parseScenario([header, ...lines].join("\n"), "sample.yaml"), modelProfile);
  const { result, messages } = predict(plan, new Set()).at(-1)!.expectation;
  return { result, messages };
}

const reset = "reset: { function: a }";
const use = (method: string): string => `reset-method: { function: a, method: ${method} }`;
const bySlot = { result: "OK", messages: ["a reset", "a disable", "a enable"] };
const byItself = { result: "OK", messages: [] };
const refused = { result: "EINVAL", messages: [] };

describe.each([
  ["nvme", byItself, { flr: byItself, pm: refused, bus: bySlot }],
  ["igb", byItself, { flr: byItself, pm: byItself, bus: bySlot }],
  ["e1000e", byItself, { flr: refused, pm: byItself, bus: bySlot }],
  ["virtio-blk", bySlot, { flr: refused, pm: refused, bus: bySlot }],
  ["virtio-rng", bySlot, { flr: refused, pm: refused, bus: bySlot }],
] as const)("%s", (device, usual, methods) => {
  it("is reset by the first that it has", () => {
    expect(lastOn(device, [reset])).toEqual(usual);
  });

  it.each(Object.entries(methods))("is reset by %s where it has that, and refuses it else", (method, expected) => {
    expect(lastOn(device, expected === refused ? [use(method)] : [use(method), reset])).toEqual(expected);
  });

  it("has none of its own where it was given up, for its registers cannot be read", () => {
    const lost = "event: { function: a, code: 0x003b }";
    expect(lastOn(device, [lost, reset])).toEqual(bySlot);
  });
});

it("is not found by power management while its registers are out of reach, and by its other methods nevertheless", () => {
  const lost = "event: { function: a, code: 0x003b }";
  expect(lastOn("e1000e", [lost, use("pm")])).toEqual(refused);
  expect(lastOn("igb", [lost, use("flr")])).toEqual(byItself);
  expect(lastOn("e1000e", [lost, use("default")])).toEqual(byItself);
});
