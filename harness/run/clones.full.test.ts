/**
 * Clones, long enough to see what is rare: a thousand thaws without one wrong verdict, and the whole suite ten times in
 * random order with the verdicts of cold boots.
 */
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomInt } from "node:crypto";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Scenario } from "../../src/scenario/scenario.ts";
import type { Ledger } from "../../src/verdict/ledger.ts";
import type { ScenarioRecord } from "../evidence/record.ts";
import { ReporterGroup } from "../report/reporter.ts";
import { readLedger } from "../scenarios/read-ledger.ts";
import { readScenarioFolder, scenariosFolder } from "../scenarios/read-scenarios.ts";
import { findProcesses } from "../testing/find-processes.ts";
import type { BootKind } from "./boot-kinds.ts";
import { openEmulatedBench } from "./emulated-bench.ts";
import { measureCapacity } from "./measure-capacity.ts";
import { seedLimit, type Order } from "./order.ts";
import { runSuite } from "./run-suite.ts";
import { defaultJobs } from "./schedule.ts";

const signal = new AbortController().signal;
const thaws = 1000;
const orders = 10;

let folder: string;
let ledger: Ledger;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zt-"));
  await mkdir(join(folder, "tmp"));
  vi.stubEnv("TMPDIR", join(folder, "tmp"));
  ledger = await readLedger();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

async function run(scenarios: readonly Scenario[], boot: BootKind, jobs: number, order: Order) {
  const runFolder = await mkdtemp(join(folder, "run"));
  const said: string[] = [];
  const report = (progress: { kind: string; text?: string }): void => void said.push(progress.text ?? "");
  const before = performance.now();
  let records: readonly ScenarioRecord[];
  {
    await using bench = await openEmulatedBench({ kernel: null, qemu: null, boot, report, signal });
    ({ records } = await runSuite(
      { broken: [], scenarios },
      {
        ...{ bench, ledger, runFolder, keep: false, reproduce: () => "", signal, jobs, order },
        reporters: new ReporterGroup([]),
      },
    ));
  }
  const seconds = (performance.now() - before) / 1000;
  process.stdout.write(
    `${JSON.stringify({ boot, jobs, order, scenarios: records.length, seconds: Math.round(seconds) })}\n`,
  );
  expect(said.filter((line) => line.includes("cannot be thawed") || line.includes("on its own"))).toEqual([]);
  expect(await findProcesses(join(folder, "tmp"))).toEqual([]);
  expect(await readdir(join(folder, "tmp"))).toEqual([]);
  return records;
}

/** What is said of a scenario. */
interface Said {
  readonly verdict: ScenarioRecord["verdict"];
  readonly known: readonly string[];
  readonly stale: readonly string[];
  readonly failed: string | null;
}

const saidOf = (records: readonly ScenarioRecord[]): ReadonlyMap<string, Said> =>
  new Map(
    records.map(({ scenario, verdict, known, stale, reason }) => {
      const failed = verdict === "fail" || verdict === "error" ? reason : null;
      return [scenario, { verdict, known: [...known].sort(), stale, failed }];
    }),
  );

/**
 * Where the two differ. An entry that shows only sometimes makes a pass `known`, or not, and brings on what others explain:
 * of a scenario in which one showed, only that it is explained counts.
 */
function compare(cold: ReadonlyMap<string, Said>, clones: ReadonlyMap<string, Said>): unknown[] {
  const sometimes = ledger.filter((entry) => entry.sometimes).map(({ name }) => name as string);
  const isLucky = ({ verdict, known }: Said): boolean =>
    verdict === "known" && known.some((name) => sometimes.includes(name));
  const isExplained = ({ verdict }: Said): boolean => verdict === "known" || verdict === "pass";
  return [...cold].flatMap<unknown>(([scenario, one]) => {
    const other = clones.get(scenario);
    if (other === undefined) return [{ scenario, cold: one, clone: "none" }];
    const lucky = isLucky(one) || isLucky(other);
    if (lucky) process.stdout.write(`${JSON.stringify({ scenario, cold: one.known, clone: other.known })}\n`);
    const same = lucky ? isExplained(one) && isExplained(other) : JSON.stringify(one) === JSON.stringify(other);
    return same ? [] : [{ scenario, cold: one, clone: other }];
  });
}

it("gives no wrong verdict in a thousand thaws, and leaves nothing behind", async () => {
  const { scenarios } = await readScenarioFolder(scenariosFolder);
  const smallest = scenarios.find(({ name }) => name === "attach-detach");
  if (smallest === undefined) throw new Error("There is no scenario attach-detach");
  const many = Array.from({ length: thaws }, (_, index) => ({ ...smallest, name: `thaw-${index}` }));
  const records = await run(many, "clone", defaultJobs(measureCapacity(), "clone"), { kind: "listed" });
  expect(records).toHaveLength(thaws);
  expect(
    records.filter(({ verdict }) => verdict !== "pass").map(({ scenario, reason }) => [scenario, reason]),
  ).toEqual([]);
});

it("gives the whole suite in random order the verdicts of cold boots, ten times in a row", async () => {
  const { scenarios } = await readScenarioFolder(scenariosFolder);
  const cold = saidOf(await run(scenarios, "cold", 2, { kind: "listed" }));
  expect(cold.size).toBe(scenarios.length);
  for (let count = 0; count < orders; count++) {
    const order: Order = { kind: "random", seed: randomInt(seedLimit) };
    const clones = saidOf(await run(scenarios, "clone", 2, order));
    expect(clones.size).toBe(scenarios.length);
    expect(compare(cold, clones), JSON.stringify(order)).toEqual([]);
  }
});
