import { expect, it } from "vitest";
import { parseScenario, ScenarioError } from "./parse.ts";
import type { Scenario } from "./scenario.ts";

const scenario = (device: string, ...step: string[]): Scenario =>
  parseScenario(
    [
      "name: sample",
      "summary: What is read of it",
      "tags: [sample]",
      `functions: { a: ${device} }`,
      "buffers: { p: 2 }",
      "steps:",
      ...step,
    ].join("\n"),
    "sample.yaml",
  );
const look = ["  - look:", '    expect: { memory: { "p[0]": hello } }'];

it("has a step expect what a function of one's own writes", () => {
  expect(scenario("./mine.mjs", ...look).steps[0]).toMatchObject({ expect: { memory: { "p[0]": "hello" } } });
});

it.each<[what: string, device: string, step: string[], line: number, problem: string]>([
  ["without such a function", "witness", look, 8, 'expected no "expect" without a function of one\'s own: the model'],
  [
    "of what is no page",
    "./mine.mjs",
    look.map((each) => each.replace("[0]", "")),
    8,
    "expected a page such as p[0]",
  ],
  [
    "of anything else",
    "./mine.mjs",
    look.map((each) => each.replace("memory", "result")),
    8,
    'unknown field "result"',
  ],
  [
    "beside a phrase",
    "./mine.mjs",
    look.map((each) => each.replace("look:", "take-iommufd: { function: a }")),
    8,
    'expected no "expect" beside several operations in one',
  ],
])("has no step expect anything %s", (_, device, step, line, problem) => {
  const refused = (): Scenario => scenario(device, ...step);
  expect(refused).toThrow(ScenarioError);
  expect(refused).toThrow(`line ${line}: `);
  expect(refused).toThrow(problem);
});
