/** What docs/races.md shows works as it stands there, and names every point. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { predict } from "../../src/model/model.ts";
import { insideNames } from "../../src/operation/during.ts";
import { pointNames } from "../../src/operation/points.ts";
import { makePlan } from "../../src/plan/make-plan.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import { modelProfile } from "../../src/target/model-target.ts";

const page = readFileSync(new URL("../../docs/races.md", import.meta.url), "utf8");

it("shows a scenario that gives what the page says", () => {
  const [, text = ""] = /```yaml\n([^]*?)\n```/u.exec(page) ?? [];
  const last = predict(makePlan(parseScenario(text, "shown.yaml"), modelProfile)).at(-1)?.expectation;
  expect(last?.values).toMatchObject({ during: ["success", "refused"] });
});

it("names every point, and everything that can be done there", () => {
  const first = (line: string): string => line.split("|")[1] ?? "";
  const told = page
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map(first)
    .join("");
  expect([...pointNames, ...insideNames].filter((name) => !told.includes(`\`${name}\``))).toEqual([]);
});
