/** One unit, by a worker: run, packed, and written down once, whoever else was at it. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Ledger } from "../../src/verdict/ledger.ts";
import type { ScenarioRecord } from "../evidence/record.ts";
import { quoteForShell } from "../qemu/quote-for-shell.ts";
import { ReporterGroup } from "../report/reporter.ts";
import type { Bench } from "../run/bench.ts";
import { runSuite } from "../run/run-suite.ts";
import type { Redis } from "ioredis";
import type { Fence } from "./fence.ts";
import { fenceBench } from "./fenced-bench.ts";
import type { Lease } from "./lease.ts";
import { packEvidence } from "./pack-evidence.ts";
import { settleUnit } from "./store.ts";
import type { TakenUnit } from "./take-unit.ts";
import { readUnit } from "./units.ts";

/** What performing a unit takes. */
export interface UnitRun {
  readonly client: Redis;
  readonly bench: Bench;
  readonly ledger: Ledger;
  /** Folder for its evidence, which is removed again. */
  readonly scratch: string;
  /** Where the hardware is others' as well: its fence, and the lease that this worker has. */
  readonly leased: { readonly fence: Fence; readonly lease: Lease } | null;
  readonly signal: AbortSignal;
}

/**
 * Runs a unit. Gives its record where that is the one that counts; null where another counts,
 * or none: the unit was lost meanwhile, or the worker is to end.
 * @throws {InfrastructureError} where evidence cannot be written
 */
export async function performUnit(taken: TakenUnit, run: UnitRun): Promise<ScenarioRecord | null> {
  const { client, leased, ledger } = run;
  const { id, key, unit, heart } = taken;
  const losses = [heart.signal, ...(leased === null ? [] : [leased.lease.signal])];
  const signal = AbortSignal.any([run.signal, ...losses]);
  const bench = leased === null ? run.bench : fenceBench(run.bench, leased.fence, leased.lease);
  const runFolder = join(run.scratch, key);
  await mkdir(runFolder, { recursive: true });
  try {
    const { records } = await runSuite(readUnit(unit), {
      ...{ bench, ledger, runFolder, keep: false, signal, jobs: 1, reporters: new ReporterGroup([]) },
      reproduce: ({ name }) => quoteForShell(["zhil", "run", name, ...bench.options]),
    });
    const [record] = records;
    // What ends early because it was called off is no answer; nor is what a fence refused before the lease was missed.
    const isOwn = !signal.aborted && (leased === null || (await leased.lease.confirm()));
    if (record === undefined || !isOwn) {
      await taken.giveBack();
      return null;
    }
    const settled = await settleUnit(client, id, key, packEvidence(record));
    // Nobody waits for it: should it get lost, whoever is given the unit again finds its result.
    void taken.complete();
    return settled === "counts" ? record : null;
  } finally {
    await rm(runFolder, { recursive: true, force: true });
  }
}
