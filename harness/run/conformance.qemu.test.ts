/** The main job: every scenario on the lean kernel, each on a pristine clone, judged by model and ledger. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { quirksOf, type Ledger } from "../../src/verdict/ledger.ts";
import type { ScenarioRecord } from "../evidence/record.ts";
import { ReporterGroup } from "../report/reporter.ts";
import { readLedger } from "../scenarios/read-ledger.ts";
import { readScenarioFolder, scenariosFolder, withoutGuests } from "../scenarios/read-scenarios.ts";
import { openEmulatedBench } from "./emulated-bench.ts";
import { measureCapacity } from "./measure-capacity.ts";
import { runSuite } from "./run-suite.ts";
import { defaultJobs } from "./schedule.ts";

const never = new AbortController().signal;
const all = withoutGuests(await readScenarioFolder(scenariosFolder));
const { scenarios } = all;
const names = scenarios.map(({ name }) => name);
const exchanged = names.filter((name) => name.includes("@"));

let folder: string;
let ledger: Ledger;
const records = new Map<string, ScenarioRecord>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zt-"));
  ledger = await readLedger();
  await using bench = await openEmulatedBench({ kernel: null, qemu: null, report: () => undefined, signal: never });
  const { records: had } = await runSuite(all, {
    bench,
    ledger,
    runFolder: folder,
    keep: false,
    reproduce: ({ name }) => `zhil run ${name}`,
    signal: never,
    jobs: defaultJobs(measureCapacity(), "clone"),
    reporters: new ReporterGroup([]),
  });
  for (const record of had) records.set(record.scenario, record);
}, 900_000);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

it.each(names)("%s: nothing is observed that neither contract nor ledger predicts", (name) => {
  const record = records.get(name);
  expect({ reason: record?.reason, details: record?.details, verdict: record?.verdict }).toEqual({
    reason: record?.verdict === "known" ? record.reason : null,
    details: [],
    verdict: expect.stringMatching(/^(?:pass|known)$/u) as string,
  });
});

it.each(exchanged)("%s: other devices come to the same verdict", (name) => {
  const [base = ""] = name.split("@");
  expect(records.get(name)?.verdict).toBe(records.get(base)?.verdict);
});

describe("the ledger", () => {
  it("has each entry of this bench and these versions that needs no luck confirmed by each of its evidence, and none stale", () => {
    const due = new Set([...records.values()].flatMap(({ profile }) => [...quirksOf(ledger, profile)]));
    expect(due.size).toBeGreaterThan(10);
    const unconfirmed = ledger
      .filter(({ sometimes, name }) => !sometimes && due.has(name))
      .flatMap(({ name, evidence }) =>
        evidence
          .filter((scenario) => records.get(scenario)?.known.includes(name) !== true)
          .map((each) => [name, each]),
      );
    expect(unconfirmed).toEqual([]);
    expect([...records.values()].flatMap((each) => each.stale)).toEqual([]);
  });
});
