/** Writes the published JSON Schema of scenario files; src/scenario/scenario.test.ts fails where it is out of date. */
import { writeFile } from "node:fs/promises";
import { scenarioJsonSchema } from "../dist/src/scenario/scenario.js";

const file = new URL("../fixtures/scenario.schema.json", import.meta.url);
await writeFile(file, `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`);
