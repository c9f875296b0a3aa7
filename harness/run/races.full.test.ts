/** Races that are exact: each repeated a hundred times, with the same answers every time. Takes some twenty minutes. */
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import type { Ledger } from "../../src/verdict/ledger.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";
import type { TraceStep } from "../../src/trace/trace.ts";
import type { ScenarioRecord } from "../evidence/record.ts";
import { ReporterGroup } from "../report/reporter.ts";
import { readLedger } from "../scenarios/read-ledger.ts";
import { readScenarioFolder, scenariosFolder } from "../scenarios/read-scenarios.ts";
import { findProcesses } from "../testing/find-processes.ts";
import type { Bench } from "./bench.ts";
import { openEmulatedBench } from "./emulated-bench.ts";
import { measureCapacity } from "./measure-capacity.ts";
import { runSuite } from "./run-suite.ts";
import { defaultJobs } from "./schedule.ts";

const signal = new AbortController().signal;
const batches = 10;
/** Repeats of each race in a batch. */
const repeats = 10;

/** How often each race gave each of its answers. */
const seen = new Map<string, Map<string, number>>();
let races: readonly Scenario[];
let ledger: Ledger;
let folder: string;
let bench: Bench & AsyncDisposable;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zt-"));
  await mkdir(join(folder, "tmp"));
  vi.stubEnv("TMPDIR", join(folder, "tmp"));
  const { scenarios } = await readScenarioFolder(scenariosFolder);
  races = scenarios.filter(({ tags }) => tags.includes("race"));
  expect(races.length).toBeGreaterThanOrEqual(40);
  ledger = await readLedger();
  bench = await openEmulatedBench({ kernel: null, qemu: null, report: () => undefined, signal });
});
beforeEach(() => {
  vi.stubEnv("TMPDIR", join(folder, "tmp"));
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
  const left = [...(await findProcesses(join(folder, "tmp"))), ...(await readdir(join(folder, "tmp")))];
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
  expect(left).toEqual([]);
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

const isExplained = (answer: string): boolean => /^\{"verdict":"(?:pass|known)"/u.test(answer);

// A batch has an hour of its own: what others do on the machine makes none of them late.
it.each(Array.from({ length: batches }, (_, index) => index + 1))(
  `explains every race in batch %i of ${batches}, ${repeats} times each`,
  async () => {
    const many = Array.from({ length: repeats }, (_, index) =>
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
    const unexplained: string[] = [];
    for (const record of records) {
      const name = record.scenario.replace(/-\d+$/u, "");
      const answers = seen.get(name) ?? new Map<string, number>();
      const answer = await answersOf(record);
      seen.set(name, answers.set(answer, (answers.get(answer) ?? 0) + 1));
      if (!isExplained(answer)) unexplained.push(`${name}: ${answer}`);
    }
    await rm(runFolder, { recursive: true });
    expect(unexplained).toEqual([]);
  },
);

it("had one answer of every race, but where the kernel's scheduler decides", () => {
  process.stdout.write(`${JSON.stringify([...seen].map(([race, answers]) => [race, ...answers.values()]))}\n`);
  expect([...seen.keys()].toSorted()).toEqual(races.map(({ name }) => name).toSorted());
  for (const answers of seen.values()) {
    expect([...answers.values()].reduce((sum, count) => sum + count)).toBe(batches * repeats);
  }
  const unequal = races.filter((race) => !isLuck(race) && seen.get(race.name)?.size !== 1);
  expect(unequal.map(({ name }) => [name, ...(seen.get(name) ?? [])])).toEqual([]);
});
