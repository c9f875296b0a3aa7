/** What scenarios reach of a kernel that counts. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { prepareAssets } from "../assets/prepare-assets.ts";
import { ReporterGroup } from "../report/reporter.ts";
import { readLedger } from "../scenarios/read-ledger.ts";
import { readScenarioFolder, scenariosFolder } from "../scenarios/read-scenarios.ts";
import { runCoverage, type CoverageResult } from "./run-coverage.ts";
import { bootName } from "./tally.ts";

const signal = new AbortController().signal;
const report = (): void => undefined;
const file = "drivers/iommu/s390-iommu.c";
/** The kernel may have to be built. */
const buildLimit = 900_000;

let runFolder: string;
let result: CoverageResult;
beforeAll(async () => {
  runFolder = await mkdtemp(join(tmpdir(), "zhil-coverage-"));
  const { scenarios } = await readScenarioFolder(scenariosFolder);
  const names = ["domain-type-identity", "table-limited-by-type"];
  result = await runCoverage({
    assets: await prepareAssets({ kernel: "lean/gcov", report, signal }),
    benchOptions: [],
    scenarios: { scenarios: scenarios.filter(({ name }) => names.includes(name)), broken: [] },
    ledger: await readLedger(),
    reporters: new ReporterGroup([]),
    ...{ runFolder, jobs: 1, report, signal },
  });
}, buildLimit);
afterAll(() => rm(runFolder, { recursive: true }));

/** Names of what reached a function's lines, each once. */
function reachedBy(name: string): readonly string[] {
  const { functions, lines } = result.sources.find(({ tally }) => tally.file === file)?.tally ?? {
    functions: [],
    lines: [],
  };
  const found = functions.find((each) => each.name === name);
  expect(found).toBeDefined();
  const { first = 0, last = 0 } = found ?? {};
  return [...new Set(lines.filter(({ line }) => line >= first && line <= last).flatMap(({ by }) => by))];
}

it("names who reached what, and nobody where nobody did", () => {
  expect(result.record).toMatchObject({ verdicts: { pass: 2 }, missed: [] });
  expect(reachedBy("s390_attach_dev_identity")).toEqual(["domain-type-identity"]);
  expect(reachedBy("dma_walk_rf_table")).toEqual([]);
});

it("counts the boot of each command line", () => {
  expect(reachedBy("s390_iommu_aperture_setup")).toEqual([bootName]);
});
