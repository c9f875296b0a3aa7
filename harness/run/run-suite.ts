/** Many scenarios: some at a time, each contained, whatever was had kept. */
import type { Scenario } from "../../src/scenario/scenario.ts";
import type { ScenarioRecord } from "../evidence/record.ts";
import { ScenarioFolder as EvidenceFolder } from "../evidence/scenario-folder.ts";
import { compileLate } from "../lifecycle/compile-late.ts";
import type { ReporterGroup, RunResult } from "../report/reporter.ts";
import type { BrokenScenario, ScenarioFolder } from "../scenarios/read-scenarios.ts";
import { errorOutcome } from "./outcome.ts";
import { measureCapacity } from "./measure-capacity.ts";
import { giveUp, prepareScenario, type PreparedScenario } from "./prepared-scenario.ts";
import type { RunContext } from "./run-context.ts";
import { makeRecord, runPrepared } from "./run-scenario.ts";
import { orderTasks, type Order } from "./order.ts";
import { hasRoomAhead, type HostCapacity } from "./schedule.ts";

/** How a suite is run. */
export interface SuiteOptions extends RunContext {
  /** Scenarios at a time, at least 1. */
  readonly jobs: number;
  readonly reporters: ReporterGroup;
  /** In which order they are started; the longest first where absent. */
  readonly order?: Order;
  /** Seconds that scenarios took before, as far as known. */
  readonly durations?: ReadonlyMap<string, number>;
  /** What the host has to give; measured where absent. */
  readonly measure?: () => HostCapacity;
}

/**
 * Runs every scenario of a selection and tells the reporters. An abort ends those that run, starts no other, and is
 * reported as a run like any: with what was had.
 * @throws {InfrastructureError} where evidence cannot be written; scenarios that run then are ended first
 */
export async function runSuite(selected: ScenarioFolder, options: SuiteOptions): Promise<RunResult> {
  const { bench, jobs, reporters, runFolder, signal, measure = measureCapacity } = options;
  const tasks: readonly (Scenario | BrokenScenario)[] = [...selected.broken, ...selected.scenarios];
  const names = tasks.map((task) => task.name);
  const begin = performance.now();
  compileLate();
  reporters.begin({ scenarios: names, bench: bench.title, jobs, folder: runFolder });

  const fatal = new AbortController();
  const context: RunContext = { ...options, signal: AbortSignal.any([signal, fatal.signal]) };
  const records = new Map<Scenario | BrokenScenario, ScenarioRecord>();
  const end = (task: Scenario | BrokenScenario, record: ScenarioRecord): void => {
    records.set(task, record);
    reporters.ended(record);
  };
  for (const broken of selected.broken) {
    reporters.started(broken.name);
    end(broken, recordBroken(broken, context));
  }
  const { order = { kind: "longest" }, durations = new Map<string, number>() } = options;
  const queue = orderTasks(selected.scenarios, order, durations).values();
  const takeNext = (): PreparedScenario | null => {
    const next = context.signal.aborted ? undefined : queue.next().value;
    return next === undefined ? null : prepareScenario(next, context);
  };
  const workerCount = Math.max(1, Math.min(jobs, selected.scenarios.length));
  const work = async (): Promise<void> => {
    const ahead: PreparedScenario[] = [];
    const prepareAhead = (): void => {
      while (bench.startsAhead) {
        const capacity = measure();
        const next = hasRoomAhead(capacity, ahead.length, workerCount) ? takeNext() : null;
        if (next === null) return;
        ahead.push(next);
      }
    };
    try {
      for (let current = takeNext(); current !== null; current = ahead.shift() ?? takeNext()) {
        if (context.signal.aborted) {
          ahead.unshift(current);
          break;
        }
        reporters.started(current.scenario.name);
        const running = runPrepared(current, context);
        // The next machines come up while this one works; any earlier they would only be in each other's way.
        await Promise.race([current.started, running]);
        prepareAhead();
        end(current.scenario, await running);
      }
    } finally {
      await Promise.all(ahead.map(giveUp));
    }
  };
  const workers = Array.from({ length: workerCount }, () =>
    work().catch((error: unknown) => {
      // The others are told before the error goes on, and are waited for: nothing runs on behind its back.
      fatal.abort(error);
      throw error;
    }),
  );
  const [failed] = (await Promise.allSettled(workers)).filter((each) => each.status === "rejected");
  if (failed !== undefined) throw failed.reason;

  const result: RunResult = {
    records: tasks.map((task) => records.get(task)).filter((record) => record !== undefined),
    missing: tasks.filter((task) => !records.has(task)).map((task) => task.name),
    interrupted: signal.aborted,
    seconds: (performance.now() - begin) / 1000,
    folder: runFolder,
    ledger: options.ledger,
  };
  await reporters.finish(result);
  return result;
}

/** A file that is no scenario is an error of its own; the rest of the suite runs. */
function recordBroken(broken: BrokenScenario, context: RunContext): ScenarioRecord {
  const { name, file, error } = broken;
  const scenario = { name, file, summary: "", tags: [], seeds: [] };
  using folder = EvidenceFolder.create(context.runFolder, name);
  const outcome = errorOutcome({ steps: [] }, { cause: error, during: "start" }, null, context.signal);
  const record = makeRecord(scenario, context, folder, { outcome, phases: {} }, new Date());
  folder.writeRecord(record);
  return record;
}
