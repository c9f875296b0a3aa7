/** Writes docs/seeds.md; src/seeds/seeds.test.ts fails where it is out of date. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { parseAnswers, parseSeed } from "../dist/src/seeds/seed.js";
import { describeSeeds } from "../dist/src/seeds/seed-table.js";

const root = new URL("../", import.meta.url);
const readAll = async (folder, parse) => {
  const files = (await readdir(new URL(folder, root))).filter((file) => file.endsWith(".yaml")).sort();
  return Promise.all(
    files.map(async (file) => parse(await readFile(new URL(`${folder}/${file}`, root), "utf8"), file)),
  );
};
const seeds = await readAll("fixtures/seeds", parseSeed);
const kernels = await readAll("fixtures/seeds/answers", parseAnswers);
await writeFile(new URL("docs/seeds.md", root), describeSeeds(seeds, kernels));
