/** What serving functions costs the orchestrator in a run of the whole suite. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { ReporterGroup, type Reporter } from "../report/reporter.ts";
import { openBenchOn } from "../run/emulated-bench.ts";
import { measureCapacity } from "../run/measure-capacity.ts";
import { runSuite } from "../run/run-suite.ts";
import { defaultJobs } from "../run/schedule.ts";
import { readScenarioFolder, scenariosFolder, withoutGuests } from "../scenarios/read-scenarios.ts";
import { messageChannel } from "../vfio-user/connection.ts";
import { countTurns, type BenchContext } from "./bench-context.ts";
import { measureDma } from "./measure-dma.ts";
import type { MessagesMeasurement } from "./measurements.ts";
import { medianOf } from "./spread.ts";
import { createRunContext } from "./smallest.ts";

/**
 * Runs the suite and counts the messages, after it has found out what one costs: no more than DMA of a page, which is a
 * request and a reply with 4096 bytes.
 * @throws {HarnessError} where the run cannot be made; the signal's reason where it is aborted
 */
export async function measureMessages(context: BenchContext): Promise<MessagesMeasurement> {
  const { assets, counts, report, signal } = context;
  const { ownMicros } = await measureDma(context);
  const { scenarios } = withoutGuests(await readScenarioFolder(scenariosFolder));
  const chosen = scenarios.filter((_, index) => index % counts.messages.everyNth === 0);
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
  let messages = 0;
  const count = (): void => {
    messages++;
  };
  subscribe(messageChannel, count);
  const before = process.cpuUsage();
  try {
    await runSuite({ scenarios: chosen, broken: [] }, options);
  } finally {
    unsubscribe(messageChannel, count);
  }
  const { user, system } = process.cpuUsage(before);
  signal.throwIfAborted();
  return { scenarios: chosen.length, messages, microsEach: medianOf(ownMicros), ownSeconds: (user + system) / 1e6 };
}
