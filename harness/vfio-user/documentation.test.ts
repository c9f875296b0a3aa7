/** What docs/write-a-function.md shows works as it stands there. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { predict } from "../../src/model/model.ts";
import { makePlan } from "../../src/plan/make-plan.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import { modelProfile } from "../../src/target/model-target.ts";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
const page = read("../../docs/write-a-function.md");
const blockOf = (language: string): string =>
  new RegExp(`\`\`\`${language}\n(?<text>[^]*?)\n\`\`\``, "u").exec(page)?.groups?.["text"] ?? "";
const withoutIndent = (text: string): string => text.replaceAll(/^ +/gmu, "");

it("shows a scenario that reaches the page again", () => {
  const plan = makePlan(parseScenario(blockOf("yaml"), "my-witness.yaml"), modelProfile);
  const last = predict(plan).at(-1)?.expectation;
  expect(last).toMatchObject({ values: { completion: "success" }, memory: { "p[0]": "block:a:2" } });
});

it("shows a function that a test has on a real kernel", () => {
  expect(blockOf("ts")).toContain("defineFunction");
  expect(withoutIndent(read("function.qemu.test.ts"))).toContain(withoutIndent(blockOf("ts")));
});
