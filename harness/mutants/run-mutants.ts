/** Does the suite notice? Every mutant gets a kernel of its own, and the scenarios that the unpatched kernel passes. */
import type { Ledger } from "../../src/verdict/ledger.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import type { ScenarioRecord } from "../evidence/record.ts";
import { ReporterGroup } from "../report/reporter.ts";
import type { RunContext } from "../run/run-context.ts";
import { runSuite } from "../run/run-suite.ts";
import type { ScenarioFolder } from "../scenarios/read-scenarios.ts";
import type { MutantBenches } from "./mutant-benches.ts";
import type { MutantRecord } from "./mutant-record.ts";
import type { Mutant } from "./mutant.ts";
import { makeContext, tryMutant } from "./try-mutant.ts";

/** What is told while mutants are tried. */
export type MutantProgress =
  | { readonly kind: "baseline"; readonly scenarios: number; readonly bench: string }
  | { readonly kind: "unfit"; readonly record: ScenarioRecord }
  | { readonly kind: "building" | "booting"; readonly mutant: string; readonly index: number; readonly count: number }
  | { readonly kind: "running"; readonly mutant: string | null; readonly scenario: string }
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
  /** Scenarios that cannot kill, for they fail or give no answer on the unpatched kernel, if only now and then. */
  readonly unfit: readonly ScenarioRecord[];
  readonly interrupted: boolean;
  readonly seconds: number;
}

/**
 * Tries mutants one after the other. An abort ends what runs; mutants decided before are kept.
 * @throws {HarnessError} where no scenario passes on the unpatched kernel, or evidence cannot be written
 */
export async function runMutants(options: MutantRunOptions): Promise<MutantRunResult> {
  const { mutants, scenarios, signal, onProgress } = options;
  const begin = performance.now();
  const records: MutantRecord[] = [];
  const unfit: ScenarioRecord[] = [];
  const result = (): MutantRunResult => ({
    records,
    missing: mutants.slice(records.length).map((each) => each.name),
    unfit,
    interrupted: signal.aborted,
    seconds: (performance.now() - begin) / 1000,
  });
  const declareUnfit = (record: ScenarioRecord): void => {
    unfit.push(record);
    onProgress({ kind: "unfit", record });
  };

  await using bench = await options.benches.openUnpatched();
  const unpatched = await makeContext(bench, options, "unpatched");
  const baseline = await runBaseline(options, unpatched);
  if (signal.aborted) return result();
  for (const record of baseline) if (record.verdict === "fail" || record.verdict === "error") declareUnfit(record);
  const passing = baseline.filter((each) => each.verdict === "pass" || each.verdict === "known");
  const names = new Set(passing.map((each) => each.scenario));
  const fit = new Map(scenarios.scenarios.filter(({ name }) => names.has(name)).map((each) => [each.name, each]));
  if (fit.size === 0) throw makeUnsoundError(unfit[0]);

  for (const [index, mutant] of mutants.entries()) {
    const place = { mutant: mutant.name, index: index + 1, count: mutants.length };
    const record = await tryMutant(mutant, {
      ...options,
      fit,
      unpatched,
      onStage: (kind) => {
        onProgress({ kind, ...place });
      },
      onScenario: (scenario) => {
        onProgress({ kind: "running", mutant: mutant.name, scenario });
      },
      onUnsteady: declareUnfit,
    });
    if (record === null) break;
    records.push(record);
    onProgress({ kind: "decided", record });
  }
  return result();
}

async function runBaseline(options: MutantRunOptions, context: RunContext): Promise<readonly ScenarioRecord[]> {
  const { scenarios, jobs, onProgress } = options;
  const { bench } = context;
  onProgress({ kind: "baseline", scenarios: scenarios.scenarios.length, bench: bench.title });
  const reporters = new ReporterGroup([
    {
      name: "baseline",
      started: (scenario): void => {
        onProgress({ kind: "running", mutant: null, scenario });
      },
    },
  ]);
  return (await runSuite(scenarios, { ...context, jobs, reporters })).records;
}

const makeUnsoundError = (first: ScenarioRecord | undefined): InfrastructureError =>
  new InfrastructureError({
    what: `Cannot try mutants: no scenario passes on the unpatched kernel${first === undefined ? "" : `: ${first.scenario}: ${first.reason ?? ""}`}`,
    remedy: 'Make "zhil run" pass first',
  });
