/** Races and functions that share a domain, on a kernel that watches its memory: the same verdicts, and nothing reported. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ReporterGroup } from "../report/reporter.ts";
import { readLedger } from "../scenarios/read-ledger.ts";
import { readScenarioFolder, scenariosFolder } from "../scenarios/read-scenarios.ts";
import { openEmulatedBench } from "./emulated-bench.ts";
import { measureCapacity } from "./measure-capacity.ts";
import { runSuite } from "./run-suite.ts";
import { defaultJobs } from "./schedule.ts";

const signal = new AbortController().signal;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zt-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it("finds no use after free where functions leave a domain that others use", async () => {
  const { scenarios } = await readScenarioFolder(scenariosFolder);
  const group = scenarios.filter(
    ({ tags, seeds }) => tags.includes("race") || tags.includes("shared-domain") || seeds.includes("004"),
  );
  expect(group.length).toBeGreaterThanOrEqual(60);
  await using bench = await openEmulatedBench({
    ...{ kernel: "lean/kasan", qemu: null, report: () => undefined, signal },
  });
  expect(bench.profile.kernel.options).toContain("KASAN");
  const { records } = await runSuite(
    { scenarios: group, broken: [] },
    {
      ...{ bench, ledger: await readLedger(), runFolder: folder, keep: false, signal },
      reproduce: ({ name }) => `zhil run ${name} --kernel lean/kasan`,
      jobs: defaultJobs(measureCapacity(), "clone"),
      reporters: new ReporterGroup([]),
    },
  );
  const unequal = records.filter(({ verdict }) => verdict !== "pass" && verdict !== "known");
  expect(unequal.map(({ scenario, verdict, reason }) => [scenario, verdict, reason])).toEqual([]);
  expect(records).toHaveLength(group.length);
});
