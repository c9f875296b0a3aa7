/** What exploring is worth: operations judged in a second, mutants that it finds by itself, and how short it tells of them. */
import { join } from "node:path";
import * as z from "zod";
import type { Scenario } from "../../src/scenario/scenario.ts";
import type { Ledger } from "../../src/verdict/ledger.ts";
import { firstError, describeError } from "../errors/describe-error.ts";
import { HarnessError } from "../errors/harness-error.ts";
import type { Mutant } from "../mutants/mutant.ts";
import type { MutantBenches } from "../mutants/mutant-benches.ts";
import { orderScenarios } from "../mutants/order-scenarios.ts";
import { makeContext } from "../mutants/try-mutant.ts";
import { ReporterGroup } from "../report/reporter.ts";
import type { Bench } from "../run/bench.ts";
import { runScenario } from "../run/run-scenario.ts";
import { runSuite } from "../run/run-suite.ts";
import type { RunContext } from "../run/run-context.ts";
import { readScenario } from "../scenarios/read-scenarios.ts";
import { explore, type ExploreOptions } from "./explore.ts";
import { rateOf } from "./render-explore.ts";
import type { Finding } from "./findings.ts";

/** What is to be reached. */
export const bars = { rate: 200, found: 90, shrunk: 1.5 } as const;

/** What came of one mutant. */
export const triedMutantSchema = z.object({
  mutant: z.string(),
  found: z.boolean(),
  /** Seconds until it was found, or that were spent on it. */
  seconds: z.number(),
  /** What was found of it; why it was not tried. */
  what: z.string().nullable(),
  /** Operations of what exploring told, and of the shortest scenario of the project that fails; null where there is none. */
  shrunk: z.number().nullable(),
  known: z.number().nullable(),
});

/** What came of one mutant. */
export type TriedMutant = z.output<typeof triedMutantSchema>;

/** How is measured. */
export interface ExploreBenchmark {
  readonly benches: MutantBenches;
  readonly mutants: readonly Mutant[];
  readonly scenarios: readonly Scenario[];
  readonly ledger: Ledger;
  readonly runFolder: string;
  readonly jobs: number;
  readonly seed: number;
  /** Milliseconds on the unpatched kernel, and for each mutant. */
  readonly time: { readonly rate: number; readonly mutant: number };
  readonly onTried: (tried: TriedMutant) => void;
  readonly signal: AbortSignal;
}

/** What was measured. */
export interface ExploreFigures {
  /** Operations judged in a second of a core. */
  readonly rate: number;
  readonly mutants: readonly TriedMutant[];
}

/** Scenarios with a tag of a mutant that are tried for the shortest one. */
const scenarioLimit = 40;

/**
 * Measures what exploring is worth.
 * @throws {HarnessError} where QEMU or the unpatched kernel cannot be had
 */
export async function measureExploring(options: ExploreBenchmark): Promise<ExploreFigures> {
  await using unpatched = await options.benches.openUnpatched();
  const context = await makeContext(unpatched, options, "unpatched");
  const plain = await explore(optionsFor(options, context, "unpatched", { time: options.time.rate }));
  const mutants: TriedMutant[] = [];
  for (const mutant of options.mutants) {
    if (options.signal.aborted) break;
    const tried = await tryMutant(mutant, options, context);
    mutants.push(tried);
    options.onTried(tried);
  }
  return { rate: rateOf(plain.tally), mutants };
}

async function tryMutant(mutant: Mutant, options: ExploreBenchmark, unpatched: RunContext): Promise<TriedMutant> {
  const none = { mutant: mutant.name, found: false, seconds: 0, shrunk: null, known: null };
  let bench: Bench;
  try {
    bench = await options.benches.openPatched(mutant.file);
  } catch (error) {
    const first = firstError(error);
    if (!(first instanceof HarnessError)) throw error;
    return { ...none, what: describeError(first)[0] ?? null };
  }
  await using opened = bench;
  const context = await makeContext(opened, options, mutant.name);
  const begin = performance.now();
  const finding = await findMutant(mutant, options, context, unpatched);
  const seconds = (performance.now() - begin) / 1000;
  if (finding === null) return { ...none, seconds, what: null };
  const known = await findShortest(mutant, options, context);
  return { ...none, found: true, seconds, what: finding.what, shrunk: finding.operations.shrunk, known };
}

/** The first finding that the unpatched kernel does not show; null where the time is over before. */
async function findMutant(
  mutant: Mutant,
  options: ExploreBenchmark,
  context: RunContext,
  unpatched: RunContext,
): Promise<Finding | null> {
  const end = performance.now() + options.time.mutant;
  for (let seed = options.seed; performance.now() < end && !options.signal.aborted; seed += 1) {
    const more = { seed, time: end - performance.now(), untilFound: true };
    const { findings } = await explore(optionsFor(options, context, mutant.name, more));
    const failed = findings.find(({ verdict }) => verdict === "fail");
    if (failed === undefined) continue;
    const { verdict } = await runScenario(await readScenario(failed.file), unpatched);
    if (verdict === "pass" || verdict === "known") return failed;
  }
  return null;
}

/** The fewest operations up to where a scenario of the project fails; null where none does. */
async function findShortest(mutant: Mutant, options: ExploreBenchmark, context: RunContext): Promise<number | null> {
  const akin = options.scenarios.filter(({ tags }) => tags.some((tag) => mutant.tags.includes(tag)));
  const scenarios = orderScenarios(akin, mutant.tags).slice(0, scenarioLimit);
  const reporters = new ReporterGroup([]);
  const { records } = await runSuite({ scenarios, broken: [] }, { ...context, jobs: options.jobs, reporters });
  const steps = records
    .filter(({ verdict }) => verdict === "fail")
    .flatMap(({ differences }) => differences.find((each) => each.verdict === "fail")?.step ?? []);
  return steps.length === 0 ? null : Math.min(...steps);
}

const optionsFor = (
  { seed, jobs, runFolder }: ExploreBenchmark,
  context: RunContext,
  name: string,
  more: Partial<ExploreOptions>,
): ExploreOptions => ({
  ...context,
  ...{ seed, jobs, length: 500, subjects: null, time: 0, only: null, untilFound: false, exports: false },
  effort: { limit: 60_000, tries: 3 },
  findings: join(runFolder, `${name}-findings`),
  onProgress: () => undefined,
  ...more,
});

/** Mutants found of those that could be tried, in percent; null where there were none. */
export function shareOf(mutants: readonly TriedMutant[]): number | null {
  const tried = mutants.filter(({ found, what }) => found || what === null);
  return tried.length === 0 ? null : (tried.filter(({ found }) => found).length / tried.length) * 100;
}

/** The median of what exploring told against the shortest known; null where there is nothing to compare. */
export function ratioOf(mutants: readonly TriedMutant[]): number | null {
  const ratios = mutants
    .flatMap(({ shrunk, known }) => (shrunk === null || known === null ? [] : [shrunk / known]))
    .sort((one, other) => one - other);
  const [low, high] = [ratios[Math.floor((ratios.length - 1) / 2)], ratios[Math.ceil((ratios.length - 1) / 2)]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}

/** Whether every figure was had and reaches its bar. */
export function meetsBars({ rate, mutants }: ExploreFigures): boolean {
  const [share, ratio] = [shareOf(mutants), ratioOf(mutants)];
  return rate >= bars.rate && share !== null && share >= bars.found && ratio !== null && ratio <= bars.shrunk;
}

/** The figures beside their bars, in lines. */
export function renderExploreFigures({ rate, mutants }: ExploreFigures): readonly string[] {
  const [share, ratio] = [shareOf(mutants), ratioOf(mutants)];
  const state = (met: boolean): string => (met ? "met" : "MISSED");
  const found = mutants.filter((each) => each.found).length;
  const line = (what: string, value: string, bar: string, end: string): string =>
    `${what.padEnd(52)}${value.padStart(12)}  ${bar.padEnd(10)}${end}`;
  return [
    line(
      "operations judged, a second and core",
      `${rate.toFixed(0)} /s`,
      `≥ ${bars.rate} /s`,
      state(rate >= bars.rate),
    ),
    line(
      `mutants found by exploration alone, of ${String(mutants.length)}`,
      share === null ? "none tried" : `${String(found)}, ${share.toFixed(0)} %`,
      `≥ ${bars.found} %`,
      state(share !== null && share >= bars.found),
    ),
    line(
      "operations told, against the shortest known (median)",
      ratio === null ? "none" : `${ratio.toFixed(2)} ×`,
      `≤ ${bars.shrunk} ×`,
      state(ratio !== null && ratio <= bars.shrunk),
    ),
  ];
}
