/** One mutant: its kernel built, booted, and given scenarios until one kills it. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Scenario } from "../../src/scenario/scenario.ts";
import type { Ledger } from "../../src/verdict/ledger.ts";
import { firstError } from "../errors/describe-error.ts";
import { HarnessError } from "../errors/harness-error.ts";
import type { ScenarioRecord } from "../evidence/record.ts";
import { quoteForShell } from "../qemu/quote-for-shell.ts";
import { ReporterGroup } from "../report/reporter.ts";
import type { Bench } from "../run/bench.ts";
import type { RunContext } from "../run/run-context.ts";
import { runScenario } from "../run/run-scenario.ts";
import { runSuite } from "../run/run-suite.ts";
import { bootCheck } from "./boot-check.ts";
import { confirmKill } from "./confirm-kill.ts";
import type { MutantBenches } from "./mutant-benches.ts";
import { decideFate, isExpectedKill, killOf, type Decision, type MutantRecord } from "./mutant-record.ts";
import type { Mutant } from "./mutant.ts";
import { orderScenarios } from "./order-scenarios.ts";

/** What every mutant of a run shares. */
export interface Trial {
  readonly benches: MutantBenches;
  readonly ledger: Ledger;
  /** Scenarios that the unpatched kernel passes; those that prove unsteady are taken out. */
  readonly fit: Map<string, Scenario>;
  /** Runs on the unpatched kernel. */
  readonly unpatched: RunContext;
  readonly runFolder: string;
  readonly jobs: number;
  readonly all: boolean;
  readonly onStage: (stage: "building" | "booting") => void;
  readonly onScenario: (scenario: string) => void;
  /** Told of a scenario that fails on the unpatched kernel, too, if only now and then. */
  readonly onUnsteady: (record: ScenarioRecord) => void;
  readonly signal: AbortSignal;
}

/** What was decided, and by which records. */
interface Tried {
  readonly records: readonly ScenarioRecord[];
  readonly decision: Decision;
}

/**
 * The record of a mutant; null where the run was called off before it was decided.
 * @throws {HarnessError} where evidence cannot be written
 */
export async function tryMutant(mutant: Mutant, trial: Trial): Promise<MutantRecord | null> {
  const { benches, signal } = trial;
  const begin = performance.now();
  if (isAborted(signal)) return null;
  trial.onStage("building");
  let bench: Bench;
  try {
    bench = await benches.openPatched(mutant.file);
  } catch (error) {
    // The reason of the abort, or what it broke on its way out: no verdict on the patch either way.
    if (isAborted(signal)) return null;
    const first = firstError(error);
    if (!(first instanceof HarnessError)) throw error;
    const decision: Decision = { fate: "unbuilt", reason: first.message, kills: [], answered: 0 };
    const seconds = { build: (performance.now() - begin) / 1000, run: 0 };
    return makeRecord(mutant, { decision, records: [] }, { kernel: null, seconds, evidence: null });
  }
  const build = (performance.now() - begin) / 1000;
  await using opened = bench;
  trial.onStage("booting");
  const context = await makeContext(opened, trial, mutant.name);
  const boot = await runScenario(bootCheck, context);
  if (isAborted(signal)) return null;
  const tried =
    boot.verdict === "error"
      ? { records: [], decision: { fate: "broken", reason: boot.reason, kills: [], answered: 0 } as const }
      : await runUntilKilled(mutant, trial, context);
  if (tried === null) return null;
  const seconds = { build, run: (performance.now() - begin) / 1000 - build };
  return makeRecord(mutant, tried, {
    kernel: opened.profile.kernel.digest,
    seconds,
    evidence: context.runFolder,
  });
}

/** What a run of scenarios on a bench needs, its evidence in a folder of that name. */
export async function makeContext(
  bench: Bench,
  { runFolder, ledger, signal }: Pick<Trial, "runFolder" | "ledger" | "signal">,
  name: string,
): Promise<RunContext> {
  const folder = join(runFolder, name);
  await mkdir(folder, { recursive: true });
  const reproduce = (scenario: { readonly name: string }): string =>
    quoteForShell(["zhil", "run", scenario.name, ...bench.options]);
  return { bench, ledger, runFolder: folder, keep: false, reproduce, signal };
}

async function runUntilKilled(mutant: Mutant, trial: Trial, context: RunContext): Promise<Tried | null> {
  const { fit, all, signal, unpatched } = trial;
  const steady: ScenarioRecord[] = [];
  const doubtful: ScenarioRecord[] = [];
  const untried = new Set(orderScenarios([...fit.values()], mutant.tags));
  while (untried.size > 0) {
    const records = await runSome([...untried], trial, context);
    if (isAborted(signal)) return null;
    for (const record of records) {
      const scenario = fit.get(record.scenario);
      if (scenario === undefined) continue;
      untried.delete(scenario);
      const found = record.verdict === "fail" ? await confirmKill(scenario, record, context, unpatched) : "confirmed";
      if (isAborted(signal)) return null;
      if (found === "confirmed") steady.push(record);
      else if (found === "once") doubtful.push(record);
      else {
        fit.delete(scenario.name);
        trial.onUnsteady(found.unsteady);
      }
    }
    // Everything was run, or one has killed it.
    if (all || steady.some((each) => each.verdict === "fail")) break;
  }
  return { records: steady, decision: decideFate(steady, doubtful.map(killOf)) };
}

/** Records in the order they ended, up to the first fail unless all are wanted. */
async function runSome(scenarios: readonly Scenario[], trial: Trial, context: RunContext): Promise<ScenarioRecord[]> {
  const enough = new AbortController();
  const records: ScenarioRecord[] = [];
  const reporters = new ReporterGroup([
    {
      name: "mutant",
      started: trial.onScenario,
      ended: (record): void => {
        // What the abort cut short says nothing of the kernel.
        if (enough.signal.aborted && record.verdict === "error") return;
        records.push(record);
        if (record.verdict === "fail" && !trial.all) enough.abort(new Error("One failed"));
      },
    },
  ]);
  const signal = AbortSignal.any([trial.signal, enough.signal]);
  await runSuite({ scenarios, broken: [] }, { ...context, signal, jobs: trial.jobs, reporters });
  const [broken] = reporters.broken;
  if (broken !== undefined) throw broken.error;
  return records;
}

function makeRecord(
  mutant: Mutant,
  { decision, records }: Tried,
  rest: Pick<MutantRecord, "kernel" | "seconds" | "evidence">,
): MutantRecord {
  const { name, breaks, tags } = mutant;
  return {
    record: 1,
    mutant: name,
    breaks,
    tags,
    ...decision,
    asExpected: isExpectedKill(mutant, decision, records),
    ...rest,
  };
}

/** Asked anew each time: the compiler would take an earlier answer for the present one. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted;
