import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { projectRoot } from "../assets/project-root.ts";
import { judgeMeasurements } from "./judge-measurements.ts";
import { parts } from "./measurements.ts";

const documentation = await readFile(join(projectRoot, "docs", "speed.md"), "utf8");
const failed = { failed: "not measured here" };
const figures = judgeMeasurements(
  {
    thaw: failed,
    scenario: failed,
    memory: failed,
    dma: failed,
    messages: failed,
    check: failed,
    runs: failed,
    passthrough: failed,
  },
  2,
);

it.each([...figures.map(({ figure }) => figure)])("docs/speed.md says what %s is", (name) => {
  expect(documentation).toContain(`\`${name}\``);
});

it.each([...parts])("docs/speed.md names the part %s", (part) => {
  expect(documentation).toMatch(new RegExp(`a part:.*\\b${part}\\b`, "u"));
});
