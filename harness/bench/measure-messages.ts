/** What serving functions costs the orchestrator in a run of every scenario whose functions it serves. */
import { ReporterGroup, type Reporter } from "../report/reporter.ts";
import { openBenchOn } from "../run/emulated-bench.ts";
import { measureCapacity } from "../run/measure-capacity.ts";
import { runSuite } from "../run/run-suite.ts";
import { defaultJobs } from "../run/schedule.ts";
import { readScenarioFolder, scenariosFolder } from "../scenarios/read-scenarios.ts";
import { countTurns, type BenchContext } from "./bench-context.ts";
import type { MessagesMeasurement } from "./measurements.ts";
import { profileOwn } from "./profile-own.ts";
import { createRunContext } from "./smallest.ts";

/** Where messages are read, decoded, answered and sent. */
const folder = "/harness/vfio-user/";

/**
 * Runs the suite, and looks at what this process does meanwhile.
 * @throws {HarnessError} where the run cannot be made; the signal's reason where it is aborted
 */
export async function measureMessages(context: BenchContext): Promise<MessagesMeasurement> {
  const { assets, counts, report, signal } = context;
  const { scenarios } = await readScenarioFolder(scenariosFolder);
  const chosen = scenarios.filter((_, index) => index % counts.messages.everyNth === 0);
  await using bench = await openBenchOn(assets, [], { boot: "clone", report, signal });
  const turn = countTurns(`${chosen.length} scenarios of the suite`, chosen.length, report);
  const observer: Reporter = { name: "observer", ended: turn };
  const options = {
    ...(await createRunContext(bench, context)),
    jobs: defaultJobs(measureCapacity(), "clone"),
    reporters: new ReporterGroup([observer]),
  };
  const [, profile] = await profileOwn(folder, () => runSuite({ scenarios: chosen, broken: [] }, options));
  signal.throwIfAborted();
  return { scenarios: chosen.length, samples: profile.samples, inMessages: profile.inFolder };
}
