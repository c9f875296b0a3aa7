/** A run of the suite on clones, for the parts of the benchmark that look at one or at what it leaves. */
import { ReporterGroup, type Reporter } from "../report/reporter.ts";
import { openBenchOn } from "../run/emulated-bench.ts";
import { measureCapacity } from "../run/measure-capacity.ts";
import { runSuite } from "../run/run-suite.ts";
import { defaultJobs } from "../run/schedule.ts";
import { readScenarioFolder, scenariosFolder, withoutGuests } from "../scenarios/read-scenarios.ts";
import { countTurns, type BenchContext } from "./bench-context.ts";
import { createRunContext } from "./smallest.ts";

/** A run that has ended. */
export interface SuiteRun<T> {
  readonly scenarios: number;
  /** Folder of its evidence. */
  readonly folder: string;
  /** What was seen of it. */
  readonly seen: T;
}

/**
 * Runs the suite, or every so manieth scenario of it, with the usual number of jobs.
 * @param watch starts the run, and says what it saw
 * @throws {HarnessError} where the run cannot be made; the signal's reason where it is aborted
 */
export async function runSuiteOnClones<T>(
  context: BenchContext,
  watch: (run: () => Promise<void>) => Promise<T>,
): Promise<SuiteRun<T>> {
  const { assets, counts, report, signal } = context;
  const { scenarios } = withoutGuests(await readScenarioFolder(scenariosFolder));
  const chosen = scenarios.filter((_, index) => index % counts.suite.everyNth === 0);
  await using bench = await openBenchOn(assets, [], { boot: "clone", report, signal });
  const observer: Reporter = {
    name: "observer",
    ended: countTurns(`${chosen.length} scenarios of the suite`, chosen.length, report),
  };
  const options = {
    ...(await createRunContext(bench, context)),
    jobs: defaultJobs(measureCapacity(), "clone"),
    reporters: new ReporterGroup([observer]),
  };
  const seen = await watch(async () => {
    await runSuite({ scenarios: chosen, broken: [] }, options);
  });
  signal.throwIfAborted();
  return { scenarios: chosen.length, folder: options.runFolder, seen };
}
