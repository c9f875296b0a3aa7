/** The order in which `zhil run` starts scenarios. */
import { expect, it } from "vitest";
import { runJson } from "../testing/run-json.ts";
import { scenarioText } from "../testing/scenario-files.ts";

const names = Array.from({ length: 12 }, (_, index) => `scenario-${String(index).padStart(2, "0")}`);
const files = Object.fromEntries(names.map((name) => [name, scenarioText(name)]));

/** The order in which scenarios were started one at a time, and what was said. */
async function run(...argv: string[]) {
  const started: string[] = [];
  const bench = { onStart: (name: string): void => void started.push(name) };
  const { code, stderr } = await runJson(files, bench, { argv: ["-j", "1", ...argv] });
  return { code, stderr, started };
}

it("prints the seed of a random order, and repeats it", async () => {
  const { stderr, started } = await run("--order", "random");
  const [, seed = "none"] = /^in a random order, which --order-seed (\d+) repeats$/mu.exec(stderr) ?? [];
  expect([...started].sort()).toEqual(names);
  const again = await run("--order-seed", seed);
  expect(again.started).toEqual(started);
  expect(again.stderr).toContain(`--order-seed ${seed} repeats`);
  const other = await run("--order", "random", "--order-seed", String((Number(seed) + 1) % 2 ** 32));
  expect(other.started).not.toEqual(started);
});

it("starts them as they are listed where that is asked for", async () => {
  expect((await run("--order", "listed")).started).toEqual(names);
});

it.each([
  [["--order-seed", "x"], "Expected a whole number from 0 to 4294967295"],
  [["--order-seed", "4294967296"], "Expected a whole number from 0 to 4294967295"],
  [["--order", "listed", "--order-seed", "1"], "Cannot use --order-seed with --order listed"],
  [["--order", "shortest"], "Allowed choices are longest, random, listed"],
])("refuses %j", async (argv, message) => {
  const { code, stderr, started } = await run(...argv);
  expect({ code, started }).toEqual({ code: 2, started: [] });
  expect(stderr).toContain(message);
});
