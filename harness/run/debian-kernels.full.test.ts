/** Every scenario on kernels as Debian has them: what they lack is skipped by the option's name, the rest is judged. Downloads. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ScenarioRecord } from "../evidence/record.ts";
import { ReporterGroup } from "../report/reporter.ts";
import { readLedger } from "../scenarios/read-ledger.ts";
import { readScenarioFolder, scenariosFolder, withoutGuests } from "../scenarios/read-scenarios.ts";
import { openEmulatedBench } from "./emulated-bench.ts";
import { runSuite } from "./run-suite.ts";

const never = new AbortController().signal;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zt-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Run {
  readonly title: string;
  readonly options: readonly string[];
  readonly records: readonly ScenarioRecord[];
}

async function runOn(kernel: string): Promise<Run> {
  await using bench = await openEmulatedBench({ kernel, qemu: null, report: () => undefined, signal: never });
  const { records } = await runSuite(withoutGuests(await readScenarioFolder(scenariosFolder)), {
    bench,
    ledger: await readLedger(),
    runFolder: folder,
    keep: false,
    reproduce: ({ name }) => `zhil run ${name}`,
    signal: never,
    jobs: 2,
    reporters: new ReporterGroup([]),
  });
  return { title: bench.title, options: bench.options, records };
}

const namesOf = (records: readonly ScenarioRecord[], ...verdicts: readonly string[]): readonly string[] =>
  records.filter(({ verdict }) => verdicts.includes(verdict)).map(({ scenario }) => scenario);

const surprises = (records: readonly ScenarioRecord[]): readonly unknown[] =>
  records
    .filter(({ verdict, stale }) => verdict === "fail" || verdict === "error" || stale.length > 0)
    .map(({ scenario, reason, details, stale }) => ({ scenario, reason, details, stale }));

describe.each(["6.12", "7"])("Debian's %s", (version) => {
  it("binds functions, maps through type1 and does DMA as predicted, and lacks only what its options lack", async () => {
    const { title, options, records } = await runOn(`debian/${version}`);
    expect(title).toContain(`Linux ${version}.`);
    expect(options.join(" ")).toMatch(/--kernel debian\/\d[\w.~+]*-\S+$/);
    expect(surprises(records)).toEqual([]);
    const decided = namesOf(records, "pass", "known");
    expect(decided).toEqual(expect.arrayContaining(["type1-life", "type1-map-dma", "type1-reset-bus-then-remap"]));
    for (const { verdict, reason } of records) {
      if (verdict === "skip") expect(reason).toMatch(/^the kernel lacks CONFIG_IOMMUFD\b/);
    }
    expect(decided.length + namesOf(records, "skip").length).toBe(records.length);
  });
});

it("runs on a kernel without VFIO what needs none", async () => {
  const { records } = await runOn("debian/6.1");
  expect(surprises(records)).toEqual([]);
  expect(namesOf(records, "pass")).toEqual(["function-reset-methods"]);
  expect(records.find(({ scenario }) => scenario === "type1-life")?.reason).toBe(
    "the kernel lacks CONFIG_VFIO_CONTAINER, CONFIG_VFIO_GROUP, CONFIG_VFIO_IOMMU_TYPE1, CONFIG_VFIO_PCI",
  );
});
