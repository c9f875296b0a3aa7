import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parseScenario } from "../scenario/parse.ts";
import { describeRules } from "./rule-table.ts";

const root = new URL("../../", import.meta.url);
const folder = new URL("fixtures/scenarios/", root);
const scenarios = readdirSync(folder)
  .sort()
  .map((file) => parseScenario(readFileSync(new URL(file, folder), "utf8"), file));

it("is what docs/model.md holds; npm run docs writes it", () => {
  expect(readFileSync(new URL("docs/model.md", root), "utf8")).toBe(describeRules(scenarios));
});

it("has every rule reached by a scenario, and grounded", () => {
  const unreached = describeRules(scenarios)
    .split("\n")
    .filter((line) => /\|\s+\|/u.test(line));
  expect(unreached).toEqual([]);
});
