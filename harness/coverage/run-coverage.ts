/** Runs scenarios on a kernel that counts, and says which of its lines they reached. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Ledger } from "../../src/verdict/ledger.ts";
import type { Assets, KernelCoverage } from "../assets/assets.ts";
import type { ReportProgress } from "../assets/progress.ts";
import { describeError } from "../errors/describe-error.ts";
import { UsageError } from "../errors/harness-error.ts";
import type { ScenarioRecord } from "../evidence/record.ts";
import { readLosses } from "../fail-nth/losses.ts";
import { runFailNthSuite } from "../fail-nth/run-fail-nth-suite.ts";
import { findCompiler } from "../kernel/compiler.ts";
import { createScratch } from "../lifecycle/scratch.ts";
import { quoteForShell } from "../qemu/quote-for-shell.ts";
import type { ReporterGroup, RunResult } from "../report/reporter.ts";
import { openBenchOn } from "../run/emulated-bench.ts";
import { runSuite } from "../run/run-suite.ts";
import type { ScenarioFolder } from "../scenarios/read-scenarios.ts";
import { CoveredMachines, type Counts, type CountsListener } from "./covered-machines.ts";
import { describeFiles, type CoverageRecord, type CoveredSource } from "./coverage-record.ts";
import { CountReader } from "./read-counts.ts";
import { readBars, readFailing, readReasons } from "./reasons.ts";
import { bootName, Tally } from "./tally.ts";

/** How coverage is measured. */
export interface CoverageOptions {
  /** With a kernel that counts. */
  readonly assets: Assets;
  /** What `zhil run` needs to find the bench again. */
  readonly benchOptions: readonly string[];
  readonly scenarios: ScenarioFolder;
  readonly ledger: Ledger;
  readonly reporters: ReporterGroup;
  /** Folder of the evidence. */
  readonly runFolder: string;
  /** Scenarios at a time, at least 1. */
  readonly jobs: number;
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}

/** What came of it: the run as any other, and what it reached. */
export interface CoverageResult {
  readonly run: RunResult;
  readonly record: CoverageRecord;
  readonly sources: readonly CoveredSource[];
}

/**
 * Runs the scenarios and reads the counts.
 * @throws {UsageError} where the kernel does not count; {HarnessError} where the counts cannot be had
 */
export async function runCoverage(options: CoverageOptions): Promise<CoverageResult> {
  const { assets, signal } = options;
  const { coverage } = assets.kernel;
  if (coverage === undefined) {
    throw new UsageError({
      what: `Cannot say what is reached of the kernel "${assets.kernel.image}": it does not count`,
      remedy: "Use the kernel lean/gcov",
    });
  }
  const [bars, reasons, failing] = await Promise.all([readBars(), readReasons(), readFailing()]);
  const { prefix } = await findCompiler(signal);
  await using scratch = await createScratch();
  const folder = await scratch.createFolder("gcov");
  const collection = new Collection(new CountReader({ coverage, prefix, folder, signal }));
  const run = await runCounted(options, coverage, collection, failing);
  const sources = await collection.finish(coverage);
  const { version, digest } = assets.kernel;
  return {
    run,
    sources,
    record: {
      record: 1,
      kernel: { version, digest },
      verdicts: countVerdicts(run.records),
      missed: collection.unknown,
      ...describeFiles(sources, bars, reasons),
      seconds: run.seconds,
    },
  };
}

async function runCounted(
  { assets, benchOptions, scenarios, report, signal, ...rest }: CoverageOptions,
  coverage: KernelCoverage,
  collection: Collection,
  failing: readonly string[],
): Promise<RunResult> {
  await using bench = await openBenchOn(assets, benchOptions, {
    ...{ boot: "clone", report, signal },
    through: (machines) => new CoveredMachines(machines, coverage, collection),
  });
  const reproduce = ({ name }: { readonly name: string }): string =>
    quoteForShell(["zhil", "run", name, ...bench.options]);
  const context = { ...rest, bench, reproduce, keep: false, signal };
  const run = await runSuite(scenarios, context);
  const swept = scenarios.scenarios.filter(({ name }) => failing.includes(name));
  // What comes of it is judged by `zhil run --fail-nth`, on a kernel that does not count.
  await runFailNthSuite(swept, {
    ...{ ...context, only: null, losses: await readLosses() },
    onRecord: ({ scenario, verdict, reason }) => {
      report({ kind: "step", text: `Failed the allocations of ${scenario}, one at a time` });
      if (verdict === "error") collection.missed(`${scenario}, its allocations failing`, reason ?? "an error");
    },
  });
  return run;
}

/** Counts as they come, read one after the other while scenarios run. */
class Collection implements CountsListener {
  /** Scenarios of which it is not known what they reached. */
  readonly unknown: { scenario: string; why: string }[] = [];
  readonly #reader: CountReader;
  readonly #tally = new Tally();
  #done: Promise<void> = Promise.resolve();

  constructor(reader: CountReader) {
    this.#reader = reader;
  }

  booted(counts: Counts): void {
    this.counted(bootName, counts);
  }

  counted(scenario: string, counts: Counts): void {
    this.#done = this.#done.then(async () => {
      for (const [file, each] of counts) this.#tally.add(scenario, file, await this.#reader.read(file, each));
    });
    // It is waited for at the end.
    this.#done.catch(() => undefined);
  }

  missed(scenario: string, why: unknown): void {
    this.unknown.push({ scenario, why: describeError(why).join(" ") });
  }

  async finish({ folder, files }: KernelCoverage): Promise<readonly CoveredSource[]> {
    await this.#done;
    const tallies = new Map(this.#tally.files.map((tally) => [tally.file, tally]));
    const sources = files.map(async (file): Promise<CoveredSource> => {
      const tally = tallies.get(file) ?? { file, lines: [], functions: [] };
      return { tally, source: await readFile(join(folder, file), "utf8") };
    });
    return Promise.all(sources);
  }
}

function countVerdicts(records: readonly ScenarioRecord[]): CoverageRecord["verdicts"] {
  const counts: Partial<Record<ScenarioRecord["verdict"], number>> = {};
  for (const { verdict } of records) counts[verdict] = (counts[verdict] ?? 0) + 1;
  return counts;
}
