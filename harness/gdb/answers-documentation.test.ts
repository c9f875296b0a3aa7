/** What docs/answers.md shows works as it stands there, and names everything that can be answered. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { predict } from "../../src/model/model.ts";
import { commands, controls, instructions } from "../../src/operation/answers.ts";
import { makePlan } from "../../src/plan/make-plan.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import { modelProfile } from "../../src/target/model-target.ts";

const page = readFileSync(new URL("../../docs/answers.md", import.meta.url), "utf8");

it("shows a scenario that gives what the page says", () => {
  const [, text = ""] = /```yaml\n([^]*?)\n```/u.exec(page) ?? [];
  const last = predict(makePlan(parseScenario(text, "shown.yaml"), modelProfile)).at(-1)?.expectation;
  expect(last).toMatchObject({ result: "ENOMEM", values: { $has: { answered: [2] } } });
});

it("names every instruction, every control, every command", () => {
  const names = [...instructions, ...Object.keys(controls), ...commands];
  expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
