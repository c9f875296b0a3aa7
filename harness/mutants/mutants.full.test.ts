/** The whole thing: every mutant of the project killed, and kernels that cannot be tried told apart. Takes minutes. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { measureCapacity } from "../run/measure-capacity.ts";
import { defaultJobs } from "../run/schedule.ts";
import { readLedger } from "../scenarios/read-ledger.ts";
import { readScenarioFolder, scenariosFolder, type ScenarioFolder } from "../scenarios/read-scenarios.ts";
import { prepareMutantBenches } from "./mutant-benches.ts";
import type { Mutant } from "./mutant.ts";
import { readMutants } from "./read-mutants.ts";
import { runMutantsByFlavour } from "./run-by-flavour.ts";
import type { MutantRunResult } from "./run-mutants.ts";

const signal = new AbortController().signal;
let runFolder: string;
beforeEach(async () => {
  runFolder = await mkdtemp(join(tmpdir(), "zhil-mutants-"));
});
afterEach(() => rm(runFolder, { recursive: true }));

async function tryAll(mutants: readonly Mutant[], scenarios: ScenarioFolder): Promise<MutantRunResult> {
  const run = {
    ...{ mutants, scenarios, runFolder, signal, all: false },
    ledger: await readLedger(),
    jobs: defaultJobs(measureCapacity(), "cold"),
    onProgress: () => undefined,
  };
  return runMutantsByFlavour(run, (flavour) =>
    prepareMutantBenches({ flavour, qemu: null, boot: "cold", report: () => undefined, signal }),
  );
}

/** A mutant that puts a line into the start of the zPCI IOMMU driver. */
async function mutantWith(name: string, line: string): Promise<Mutant> {
  const file = join(runFolder, `${name}.patch`);
  const path = "drivers/iommu/s390-iommu.c";
  const lines = [`--- a/${path}`, `+++ b/${path}`, "@@ -1136,3 +1136,4 @@", " \tint rc;", " ", `+\t${line}`];
  await writeFile(file, [...lines, " \tiommu_dma_forcedac = true;", ""].join("\n"));
  return { name, file, tags: [], breaks: "", because: "", seenAs: "" };
}

it("kills every mutant, by a scenario that was expected to", async () => {
  const { records, unfit } = await tryAll(await readMutants([]), await readScenarioFolder(scenariosFolder));
  expect(unfit.map((each) => each.scenario)).toEqual([]);
  expect(records.filter((each) => each.fate !== "killed" || each.asExpected !== true)).toEqual([]);
});

it("tells kernels that cannot be tried from kills", async () => {
  const { scenarios } = await readScenarioFolder(scenariosFolder);
  const one = { scenarios: scenarios.filter((each) => each.name === "detach-never-attached"), broken: [] };
  const torn = await mutantWith("torn", "").then(async (mutant) => {
    await writeFile(mutant.file, "--- a/Makefile\n+++ b/Makefile\n@@ -1 +1 @@\n-no such line\n+another\n");
    return mutant;
  });
  const { records } = await tryAll(
    [
      await mutantWith("does-not-compile", "int x = no_such_symbol;"),
      await mutantWith("does-not-boot", 'panic("on purpose");'),
      torn,
    ],
    one,
  );
  expect(records).toMatchObject([
    { fate: "unbuilt", reason: expect.stringContaining("no_such_symbol") as string },
    { fate: "broken", reason: expect.stringContaining("panic") as string },
    { fate: "unbuilt", reason: expect.stringMatching(/^Cannot apply patch "torn.patch"/u) as string },
  ]);
});
