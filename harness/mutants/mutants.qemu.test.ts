import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readLedger } from "../scenarios/read-ledger.ts";
import { readScenarioFolder, scenariosFolder } from "../scenarios/read-scenarios.ts";
import { prepareMutantBenches } from "./mutant-benches.ts";
import type { MutantRecord } from "./mutant-record.ts";
import { readMutants } from "./read-mutants.ts";
import { runMutants } from "./run-mutants.ts";

const signal = new AbortController().signal;
let runFolder: string;
beforeAll(async () => {
  runFolder = await mkdtemp(join(tmpdir(), "zhil-mutants-"));
});
afterAll(() => rm(runFolder, { recursive: true }));

/** What comes of a mutant where the suite is one scenario. */
async function tryOn(mutant: string, scenario: string): Promise<MutantRecord | undefined> {
  const { scenarios } = await readScenarioFolder(scenariosFolder);
  const { records, unfit } = await runMutants({
    mutants: await readMutants([mutant]),
    scenarios: { scenarios: scenarios.filter((each) => each.name === scenario), broken: [] },
    ledger: await readLedger(),
    benches: await prepareMutantBenches({ qemu: null, boot: "cold", report: () => undefined, signal }),
    runFolder,
    jobs: 1,
    all: false,
    onProgress: () => undefined,
    signal,
  });
  expect(unfit).toEqual([]);
  return records[0];
}

it("kills a kernel that ignores read-only, by the scenario that writes to a read-only page", async () => {
  expect(await tryOn("read-only-ignored", "access-read-only")).toMatchObject({
    fate: "killed",
    kills: [{ scenario: "access-read-only", operation: "dma-write" }],
    asExpected: true,
  });
  // Its kernel is built first, where none was.
}, 900_000);

it("lets the same kernel survive a scenario that never writes to one", async () => {
  expect(await tryOn("read-only-ignored", "detach-never-attached")).toMatchObject({ fate: "survived", kills: [] });
});
