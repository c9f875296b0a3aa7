import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { keepDurations, readDurations } from "./durations.ts";
import type { ScenarioRecord } from "./record.ts";

let runs: string;
beforeEach(async () => {
  runs = await mkdtemp(join(tmpdir(), "zt-"));
});
afterEach(() => rm(runs, { recursive: true }));

const took = (scenario: string, seconds: number): ScenarioRecord => ({ scenario, seconds }) as ScenarioRecord;

it("remembers the last measurement of every scenario, and leaves nothing aside", async () => {
  await keepDurations(runs, [took("one", 1), took("two", 2)]);
  await keepDurations(runs, [took("two", 3)]);
  expect([...(await readDurations(runs))]).toEqual([
    ["one", 1],
    ["two", 3],
  ]);
  expect(await readdir(runs)).toEqual(["durations.json"]);
});

it("is empty where nothing was kept, or something else", async () => {
  expect([...(await readDurations(runs))]).toEqual([]);
  for (const text of ["no JSON", '{"one": "long"}', "[]"]) {
    await writeFile(join(runs, "durations.json"), text);
    expect([...(await readDurations(runs))]).toEqual([]);
  }
});

it("is no reason to fail where it cannot be kept", async () => {
  await expect(keepDurations(join(runs, "nowhere"), [took("one", 1)])).resolves.toBeUndefined();
});
