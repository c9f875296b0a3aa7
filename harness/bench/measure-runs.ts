/** Runs of many scenarios, each on a clone of its own: how long, how clean, and what the orchestrator itself takes. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Verdict } from "../evidence/record.ts";
import { scratchPaths } from "../lifecycle/scratch.ts";
import { ReporterGroup, type Reporter } from "../report/reporter.ts";
import type { Bench } from "../run/bench.ts";
import { openBenchOn } from "../run/emulated-bench.ts";
import { measureCapacity } from "../run/measure-capacity.ts";
import { runSuite } from "../run/run-suite.ts";
import { defaultJobs } from "../run/schedule.ts";
import { countTurns, type BenchContext } from "./bench-context.ts";
import type { RunMeasurement, RunsMeasurement } from "./measurements.ts";
import { findProcessesOf, readChildrenSeconds } from "./processes.ts";
import { createRunContext, readSmallest, repeat } from "./smallest.ts";

/** The part of a run after which the memory is looked at first. */
const firstLook = 0.1;

/**
 * Makes the runs one after the other.
 * @throws {HarnessError} where a run cannot be made; the signal's reason where it is aborted
 */
export async function measureRuns(context: BenchContext): Promise<RunsMeasurement> {
  const { assets, counts, report, signal } = context;
  await using bench = await openBenchOn(assets, [], { boot: "clone", report, signal });
  const capacity = measureCapacity();
  const growing: RunMeasurement[] = [];
  for (const count of counts.runs) growing.push(await measureRun(bench, count, capacity.cores, context));
  const usual = defaultJobs(capacity, "clone");
  return { growing, usual: await measureRun(bench, counts.runs.at(-1) ?? 0, usual, context) };
}

async function measureRun(bench: Bench, count: number, jobs: number, context: BenchContext): Promise<RunMeasurement> {
  const scenarios = repeat(await readSmallest("iommufd"), count);
  const turn = countTurns(`${count} scenarios, ${jobs} at a time`, count, context.report);
  const runContext = await createRunContext(bench, context);
  const collectGarbage = findCollector();
  const looks = [Math.ceil(count * firstLook), count];
  const memory: { after: number; bytes: number }[] = [];
  const intervals: number[] = [];
  let last = performance.now();
  const observer: Reporter = {
    name: "observer",
    ended: () => {
      const now = performance.now();
      intervals.push(now - last);
      last = now;
      turn();
      if (!looks.includes(intervals.length)) return;
      collectGarbage?.();
      memory.push({ after: intervals.length, bytes: process.memoryUsage.rss() });
    },
  };
  const before = { own: process.cpuUsage(), children: readChildrenSeconds() };
  const { records, seconds } = await runSuite(
    { scenarios, broken: [] },
    { ...runContext, jobs, reporters: new ReporterGroup([observer]) },
  );
  const own = process.cpuUsage(before.own);
  const cpu = { own: (own.user + own.system) / 1e6, children: readChildrenSeconds() - before.children };
  context.signal.throwIfAborted();
  const verdicts: Partial<Record<Verdict, number>> = {};
  for (const { verdict } of records) verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
  const trouble = records.find(({ verdict }) => verdict !== "pass");
  return {
    ...{ scenarios: count, jobs, seconds, intervals, verdicts, cpu, memory },
    trouble: trouble === undefined ? null : `${trouble.scenario}: ${trouble.verdict}: ${trouble.reason ?? ""}`,
    orphans: findProcessesOf(scratchPaths()).length,
    collected: collectGarbage !== null,
    phases: records.map(({ phases }) => phases),
  };
}

/** V8's own garbage collection, which a flag makes visible; null where it cannot be had. */
function findCollector(): (() => void) | null {
  setFlagsFromString("--expose-gc");
  const found: unknown = runInNewContext("typeof gc === 'function' ? gc : null");
  return typeof found === "function" ? (found as () => void) : null;
}
