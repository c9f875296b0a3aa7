/** Writes docs/model.md; src/model/rule-table.test.ts fails where it is out of date. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { describeRules } from "../dist/src/model/rule-table.js";
import { parseScenario } from "../dist/src/scenario/parse.js";

const root = new URL("../", import.meta.url);
const folder = new URL("fixtures/scenarios/", root);
const files = (await readdir(folder)).sort();
const scenarios = await Promise.all(
  files.map(async (file) => parseScenario(await readFile(new URL(file, folder), "utf8"), file)),
);
await writeFile(new URL("docs/model.md", root), describeRules(scenarios));
