/** Scenarios that share a kernel are judged as in clones, and say that they shared it. */
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Scenario } from "../../src/scenario/scenario.ts";
import type { TraceHeader } from "../../src/trace/trace.ts";
import type { Ledger } from "../../src/verdict/ledger.ts";
import type { ScenarioRecord } from "../evidence/record.ts";
import { ReporterGroup } from "../report/reporter.ts";
import { readLedger } from "../scenarios/read-ledger.ts";
import { readScenarioFolder, scenariosFolder } from "../scenarios/read-scenarios.ts";
import type { BootKind } from "./boot-kinds.ts";
import { openEmulatedBench } from "./emulated-bench.ts";
import { runSuite } from "./run-suite.ts";

const never = new AbortController().signal;
/** What leaves most behind: error states, a blocked function, power, resets, both APIs, two functions. */
const names = [
  "detach-blocks-dma",
  "error-event-map-unmap",
  "function-gone",
  "function-power-cycle",
  "hot-reset-keeps-mappings",
  "shared-one-error-event",
  "type1-then-iommufd",
  "unmap-stops-dma",
];

let folder: string;
let scenarios: readonly Scenario[];
let ledger: Ledger;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zt-"));
  ledger = await readLedger();
  scenarios = (await readScenarioFolder(scenariosFolder)).scenarios.filter(({ name }) => names.includes(name));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function run(boot: BootKind): Promise<{ title: string; records: readonly ScenarioRecord[] }> {
  await using bench = await openEmulatedBench({
    ...{ kernel: null, qemu: null, boot, signal: never },
    report: () => undefined,
  });
  const runFolder = await mkdtemp(join(folder, boot));
  const { records } = await runSuite(
    { broken: [], scenarios },
    {
      bench,
      ledger,
      runFolder,
      keep: false,
      reproduce: ({ name }) => ["zhil", "run", name, ...bench.options].join(" "),
      signal: never,
      jobs: 1,
      reporters: new ReporterGroup([]),
    },
  );
  return { title: bench.title, records };
}

// The reason names the steps at which something deviated. What a broken controller shows there depends on when it is asked.
const decided = ({ scenario, verdict, reason, known, stale }: ScenarioRecord) => ({
  ...{ scenario, verdict, reason, known, stale },
});

it("judges as in clones, one kernel serving all, and says so", async () => {
  const clones = await run("clone");
  const shared = await run("shared");
  expect(shared.records.map(decided)).toEqual(clones.records.map(decided));
  expect(shared.records).toHaveLength(names.length);

  expect(shared.title).toMatch(/^emulated, shared kernel: Linux /u);
  expect(new Set(clones.records.flatMap(({ caveats }) => caveats))).toEqual(new Set());
  for (const [count, record] of shared.records.entries()) {
    expect(record.reproduce).toBe(`zhil run ${record.scenario} --bench emulated --boot shared`);
    const told = `kernel shared with ${count} scenario${count === 1 ? "" : "s"} before this one`;
    expect(record.caveats).toEqual(count === 0 ? [] : [told]);
    const { profile } = JSON.parse(readFileSync(record.trace ?? "", "utf8").split("\n")[0] ?? "") as TraceHeader;
    const before = shared.records.slice(0, count).map(({ scenario }) => scenario);
    expect(profile.kernelUsedBy ?? []).toEqual(before);
  }
});
