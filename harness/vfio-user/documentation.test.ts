/** What docs/write-a-function.md shows works as it stands there. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { predict } from "../../src/model/model.ts";
import { makePlan } from "../../src/plan/make-plan.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import { deviceNames, traitsOf } from "../../src/trace/device-kinds.ts";
import { modelProfile } from "../../src/target/model-target.ts";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
const page = read("../../docs/write-a-function.md");
const blocksOf = (language: string): string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\n(?<text>[^]*?)\n\`\`\``, "gu"))].map(
    ({ groups }) => groups?.["text"] ?? "",
  );
const predictBlock = (text: string) => predict(makePlan(parseScenario(text, "shown.yaml"), modelProfile));

it("shows a scenario that reaches the page again", () => {
  const last = predictBlock(blocksOf("yaml")[0] ?? "").at(-1)?.expectation;
  expect(last).toMatchObject({ values: { completion: "success" }, memory: { "p[0]": "block:a:2" } });
});

it("shows a function that a scenario of the project brings along, and a scenario for it", () => {
  expect(blocksOf("js")).toEqual([read("../../fixtures/functions/greeter.mjs").trimEnd()]);
  const [, greets = ""] = blocksOf("yaml");
  expect(predictBlock(greets).map(({ expectation: { memory } }) => memory)).toContainEqual({
    ...{ "p[0]": "hello", "p[1]": "hello" },
  });
  // All that it does the project's own does as well, on a real kernel.
  const own = read("../../fixtures/scenarios/own-function-greets.yaml");
  for (const step of greets.split("\n").filter((line) => line.startsWith("  - "))) expect(own).toContain(step);
});

it("names every function of the library", () => {
  const table = page.slice(page.indexOf("| device |"), page.indexOf("## One of your own"));
  for (const device of deviceNames.filter((name) => traitsOf({ device: name }).served)) {
    expect(table).toContain(`\`${device}\``);
  }
});
