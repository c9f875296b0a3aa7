/** Races that are exact: each repeated a hundred times, with the same answers every time. Takes some twenty minutes. */
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Scenario } from "../../src/scenario/scenario.ts";
import type { TraceStep } from "../../src/trace/trace.ts";
import type { ScenarioRecord } from "../evidence/record.ts";
import { ReporterGroup } from "../report/reporter.ts";
import { readLedger } from "../scenarios/read-ledger.ts";
import { readScenarioFolder, scenariosFolder } from "../scenarios/read-scenarios.ts";
import { findProcesses } from "../testing/find-processes.ts";
import { openEmulatedBench } from "./emulated-bench.ts";
import { measureCapacity } from "./measure-capacity.ts";
import { runSuite } from "./run-suite.ts";
import { defaultJobs } from "./schedule.ts";

const signal = new AbortController().signal;
const repeats = 100;
/** Repeats in one run of the suite. */
const batch = 10;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zt-"));
  await mkdir(join(folder, "tmp"));
  vi.stubEnv("TMPDIR", join(folder, "tmp"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/**
 * Where a reset and a recovery want the same locks, or a recovery may come before, within or after an attach, the kernel's
 * scheduler decides which comes first.
 */
const isLuck = ({ name }: Scenario): boolean => name.endsWith("reset-fault-first") || name === "race-flush-attach";

/** What a run showed of a race: its verdict, what explains it, and every answer to DMA inside an operation. */
async function answersOf({ verdict, known, stale, evidence }: ScenarioRecord): Promise<string> {
  const lines = (await readFile(join(evidence, "trace.ndjson"), "utf8")).trim().split("\n").slice(1);
  const inside = lines.map((line) => (JSON.parse(line) as TraceStep).observation.values["during"]).filter(Boolean);
  return JSON.stringify({ verdict, known: [...known].sort(), stale, inside });
}

it("gives every race the same answers a hundred times, and leaves nothing behind", async () => {
  const { scenarios } = await readScenarioFolder(scenariosFolder);
  const races = scenarios.filter(({ tags }) => tags.includes("race"));
  expect(races.length).toBeGreaterThanOrEqual(40);
  const ledger = await readLedger();
  const seen = new Map<string, Map<string, number>>(races.map(({ name }) => [name, new Map<string, number>()]));
  {
    await using bench = await openEmulatedBench({ kernel: null, qemu: null, report: () => undefined, signal });
    for (let done = 0; done < repeats; done += batch) {
      const many = Array.from({ length: batch }, (_, index) =>
        races.map((race) => ({ ...race, name: `${race.name}-${index}` })),
      ).flat();
      const runFolder = await mkdtemp(join(folder, "run"));
      const { records } = await runSuite(
        { broken: [], scenarios: many },
        {
          ...{ bench, ledger, runFolder, keep: false, reproduce: () => "", signal, order: { kind: "listed" } },
          jobs: defaultJobs(measureCapacity(), "clone"),
          reporters: new ReporterGroup([]),
        },
      );
      expect(records).toHaveLength(many.length);
      for (const record of records) {
        const answers = seen.get(record.scenario.replace(/-\d+$/u, ""));
        const answer = await answersOf(record);
        answers?.set(answer, (answers.get(answer) ?? 0) + 1);
      }
      await rm(runFolder, { recursive: true });
    }
  }
  expect(await findProcesses(join(folder, "tmp"))).toEqual([]);
  expect(await readdir(join(folder, "tmp"))).toEqual([]);
  const unequal = races.flatMap((race) => {
    const answers = [...(seen.get(race.name) ?? [])];
    const isExplained = answers.every(([answer]) => /^\{"verdict":"(?:pass|known)"/u.test(answer));
    return isExplained && (answers.length === 1 || isLuck(race)) ? [] : [{ race: race.name, answers }];
  });
  process.stdout.write(`${JSON.stringify([...seen].map(([race, answers]) => [race, ...answers.values()]))}\n`);
  expect(unequal).toEqual([]);
});
