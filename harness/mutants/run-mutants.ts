/** Does the suite notice? Every mutant gets a kernel of its own, and the scenarios that the unpatched kernel passes. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Scenario } from "../../src/scenario/scenario.ts";
import type { Ledger } from "../../src/verdict/ledger.ts";
import { HarnessError, InfrastructureError } from "../errors/harness-error.ts";
import { firstError } from "../errors/describe-error.ts";
import type { ScenarioRecord } from "../evidence/record.ts";
import { quoteForShell } from "../qemu/quote-for-shell.ts";
import { ReporterGroup } from "../report/reporter.ts";
import type { Bench } from "../run/bench.ts";
import { runScenario, type RunContext } from "../run/run-scenario.ts";
import { runSuite } from "../run/run-suite.ts";
import type { ScenarioFolder } from "../scenarios/read-scenarios.ts";
import { bootCheck } from "./boot-check.ts";
import type { MutantBenches } from "./mutant-benches.ts";
import type { Mutant } from "./mutant.ts";
import { decideFate, isExpectedKill, type Decision, type MutantRecord } from "./mutant-record.ts";
import { orderScenarios } from "./order-scenarios.ts";

/** What is told while mutants are tried. */
export type MutantProgress =
  | { readonly kind: "baseline"; readonly scenarios: number; readonly bench: string }
  | { readonly kind: "unfit"; readonly record: ScenarioRecord }
  | { readonly kind: "building" | "booting"; readonly mutant: string; readonly index: number; readonly count: number }
  | { readonly kind: "running"; readonly mutant: string; readonly scenario: string }
  | { readonly kind: "decided"; readonly record: MutantRecord };

/** How mutants are tried. */
export interface MutantRunOptions {
  readonly mutants: readonly Mutant[];
  readonly scenarios: ScenarioFolder;
  readonly ledger: Ledger;
  readonly benches: MutantBenches;
  /** Folder of the evidence; each mutant gets one in it. */
  readonly runFolder: string;
  /** Scenarios at a time, at least 1. */
  readonly jobs: number;
  /** Runs every scenario on every mutant, not only until one fails. */
  readonly all: boolean;
  readonly onProgress: (progress: MutantProgress) => void;
  readonly signal: AbortSignal;
}

/** How a mutation run ended. */
export interface MutantRunResult {
  readonly records: readonly MutantRecord[];
  /** Mutants that were not decided. */
  readonly missing: readonly string[];
  /** Scenarios that cannot kill, for they fail or give no answer on the unpatched kernel. */
  readonly unfit: readonly ScenarioRecord[];
  readonly interrupted: boolean;
  readonly seconds: number;
}

type Shared = MutantRunOptions & { readonly fit: readonly Scenario[] };

/**
 * Tries mutants one after the other. An abort ends what runs; mutants decided before are kept.
 * @throws {HarnessError} where no scenario passes on the unpatched kernel, or evidence cannot be written
 */
export async function runMutants(options: MutantRunOptions): Promise<MutantRunResult> {
  const { mutants, scenarios, signal, onProgress } = options;
  const begin = performance.now();
  const baseline = await runBaseline(options);
  const passing = new Set(
    baseline.filter((each) => each.verdict === "pass" || each.verdict === "known").map((each) => each.scenario),
  );
  const fit = scenarios.scenarios.filter((each) => passing.has(each.name));
  const unfit = baseline.filter((each) => each.verdict === "fail" || each.verdict === "error");
  const result = (records: readonly MutantRecord[]): MutantRunResult => ({
    records,
    missing: mutants.slice(records.length).map((each) => each.name),
    unfit: signal.aborted ? [] : unfit,
    interrupted: signal.aborted,
    seconds: (performance.now() - begin) / 1000,
  });
  if (signal.aborted) return result([]);
  for (const record of unfit) onProgress({ kind: "unfit", record });
  if (fit.length === 0) {
    const [first] = unfit;
    throw new InfrastructureError({
      what: `Cannot try mutants: no scenario passes on the unpatched kernel${first === undefined ? "" : `: ${first.scenario}: ${first.reason ?? ""}`}`,
      remedy: 'Make "zhil run" pass first',
    });
  }

  const records: MutantRecord[] = [];
  for (const mutant of mutants) {
    const record = await tryMutant(mutant, { ...options, fit }, records.length);
    if (record === null) break;
    records.push(record);
    onProgress({ kind: "decided", record });
  }
  return result(records);
}

async function runBaseline(options: MutantRunOptions): Promise<readonly ScenarioRecord[]> {
  await using bench = await options.benches.openUnpatched();
  options.onProgress({ kind: "baseline", scenarios: options.scenarios.scenarios.length, bench: bench.title });
  const context = await makeContext(bench, options, "unpatched", options.signal);
  return (await runSuite(options.scenarios, { ...context, jobs: options.jobs, reporters: new ReporterGroup([]) }))
    .records;
}

/** The record of a mutant; null where the run was called off. */
async function tryMutant(mutant: Mutant, shared: Shared, index: number): Promise<MutantRecord | null> {
  const { benches, mutants, signal, onProgress } = shared;
  const where = { mutant: mutant.name, index: index + 1, count: mutants.length };
  const begin = performance.now();
  if (signal.aborted) return null;
  onProgress({ kind: "building", ...where });
  let bench: Bench;
  try {
    bench = await benches.openPatched(mutant.file);
  } catch (error) {
    // The reason of the abort, or what it broke on its way out: no verdict on the patch either way.
    if (isAborted(signal)) return null;
    const first = firstError(error);
    if (!(first instanceof HarnessError)) throw error;
    const build = (performance.now() - begin) / 1000;
    const decision: Decision = { fate: "unbuilt", reason: first.message, kills: [], answered: 0 };
    return makeRecord(mutant, decision, [], null, { build, run: 0 }, null);
  }
  const build = (performance.now() - begin) / 1000;
  await using opened = bench;
  onProgress({ kind: "booting", ...where });
  const context = await makeContext(opened, shared, mutant.name, signal);
  const boot = await runScenario(bootCheck, context);
  if (isAborted(signal)) return null;
  const tried =
    boot.verdict === "error"
      ? { records: [], decision: { fate: "broken", reason: boot.reason, kills: [], answered: 0 } as const }
      : await runUntilKilled(mutant, shared, context);
  if (tried === null) return null;
  const run = (performance.now() - begin) / 1000 - build;
  const kernel = opened.profile.kernel.digest;
  return makeRecord(mutant, tried.decision, tried.records, kernel, { build, run }, context.runFolder);
}

async function runUntilKilled(
  mutant: Mutant,
  { fit, jobs, all, signal, onProgress }: Shared,
  context: RunContext,
): Promise<{ readonly records: readonly ScenarioRecord[]; readonly decision: Decision } | null> {
  const killed = new AbortController();
  // In the order they ended, so that the first is what killed it; what the abort cut short is no record of the kernel.
  const records: ScenarioRecord[] = [];
  const reporter = {
    name: "mutant",
    started: (scenario: string): void => {
      onProgress({ kind: "running", mutant: mutant.name, scenario });
    },
    ended: (record: ScenarioRecord): void => {
      if (killed.signal.aborted && record.verdict === "error") return;
      records.push(record);
      if (record.verdict === "fail" && !all) killed.abort(new Error("Killed"));
    },
  };
  const reporters = new ReporterGroup([reporter]);
  await runSuite(
    { scenarios: orderScenarios(fit, mutant.tags), broken: [] },
    { ...context, signal: AbortSignal.any([signal, killed.signal]), jobs, reporters },
  );
  const [broken] = reporters.broken;
  if (broken !== undefined) throw broken.error;
  const decision = decideFate(records);
  return signal.aborted && decision.fate !== "killed" ? null : { records, decision };
}

async function makeContext(
  bench: Bench,
  { runFolder, ledger }: MutantRunOptions,
  name: string,
  signal: AbortSignal,
): Promise<RunContext> {
  const folder = join(runFolder, name);
  await mkdir(folder, { recursive: true });
  return {
    bench,
    ledger,
    runFolder: folder,
    keep: false,
    reproduce: (scenario) => quoteForShell(["zhil", "run", scenario.name, ...bench.options]),
    signal,
  };
}

function makeRecord(
  mutant: Mutant,
  decision: Decision,
  records: readonly ScenarioRecord[],
  kernel: string | null,
  seconds: MutantRecord["seconds"],
  evidence: string | null,
): MutantRecord {
  const { name, breaks, tags } = mutant;
  const asExpected = isExpectedKill(mutant, decision, records);
  return { record: 1, mutant: name, breaks, tags, ...decision, asExpected, kernel, seconds, evidence };
}

/** Asked anew each time: the compiler would take an earlier answer for the present one. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted;
