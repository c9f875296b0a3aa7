/** The scenarios of one machine of a night: those that have an answer are left alone, those that are bad run again. */
import { rmSync } from "node:fs";
import { kindOf, type Scenario } from "../../src/scenario/scenario.ts";
import type { ScenarioRecord } from "../evidence/record.ts";
import type { ReporterGroup } from "../report/reporter.ts";
import type { Bench } from "../run/bench.ts";
import type { RunContext } from "../run/run-context.ts";
import { runSuite } from "../run/run-suite.ts";
import type { ScenarioFolder } from "../scenarios/read-scenarios.ts";
import type { NightMachine } from "./config.ts";
import { openAttempt, readAttempt, type Night } from "./night-folder.ts";
import { foldAttempts, isBad, isFlaky, type MachineResult } from "./night-result.ts";

/** What running a machine takes. */
export interface MachineRun extends Omit<RunContext, "runFolder" | "keep"> {
  readonly night: Pick<Night, "folder">;
  readonly machine: NightMachine;
  readonly selected: ScenarioFolder;
  /** What the night before had of it; null where it had nothing. */
  readonly before: MachineResult | null;
  readonly attempts: number;
  readonly jobs: number;
  /** Reporters for a run of some scenarios. */
  readonly reporters: () => ReporterGroup;
}

/** Scenarios that are tried again: where more are bad, it is no matter of luck. */
const againLimit = 25;

/** The device of a scenario's first function; `none` where it has none. */
export function deviceOf({ functions }: Pick<Scenario, "functions">): string {
  const [first] = Object.values(functions);
  return first === undefined ? "none" : kindOf(first);
}

/**
 * Runs what has no answer yet. What was had before an interruption is on disk and counts.
 * @throws the signal's reason where it is aborted; {InfrastructureError} where evidence cannot be written
 */
export async function runMachine(run: MachineRun): Promise<MachineResult> {
  const begin = performance.now();
  const { machine, selected, before, attempts, bench } = run;
  const devices = new Map(selected.scenarios.map((scenario) => [scenario.name, deviceOf(scenario)]));
  const earlier = new Map(before?.units.map((unit) => [unit.scenario, unit]));
  const had = new Map<string, ScenarioRecord[]>();

  let scenarios = selected;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    for (const record of await runAttempt(run, scenarios, attempt)) {
      had.set(record.scenario, [...(had.get(record.scenario) ?? []), record]);
    }
    const again = selected.scenarios.filter(({ name }) => {
      const records = had.get(name) ?? [];
      // A scenario whose answers differ already is flaky, however often it is asked.
      if (isFlaky({ attempts: records.map(({ verdict }) => verdict) })) return false;
      const then = earlier.get(name);
      const wasBad = then !== undefined && isBad(then.verdict);
      return records.some(({ verdict }) => isBad(verdict)) || (wasBad && records.at(-1)?.verdict !== "skip");
    });
    if (again.length === 0 || again.length > againLimit) break;
    scenarios = { scenarios: again, broken: [] };
  }
  const { kernel, qemu } = bench.profile;
  return {
    ...{ name: machine.name, bench: machine.bench, kernel: machine.kernel, qemu: machine.qemu, problem: null },
    ran: {
      kernel: { version: kernel.version, digest: kernel.digest },
      qemu: { version: qemu.version, digest: qemu.digest },
    },
    seconds: (performance.now() - begin) / 1000,
    units: [...had].map(([name, records]) => foldAttempts(records, devices.get(name) ?? "none")),
  };
}

/** One attempt at some scenarios; those that have an answer in it are not run again. */
async function runAttempt(run: MachineRun, wanted: ScenarioFolder, attempt: number): Promise<ScenarioRecord[]> {
  const folder = openAttempt(run.night, run.machine.name, attempt);
  const done = readAttempt(folder);
  for (const [name, record] of done) {
    if (isAnswer(record, run.bench)) continue;
    rmSync(record.evidence, { recursive: true, force: true });
    done.delete(name);
  }
  const left = {
    scenarios: wanted.scenarios.filter(({ name }) => !done.has(name)),
    broken: wanted.broken.filter(({ name }) => !done.has(name)),
  };
  if (left.scenarios.length + left.broken.length > 0) {
    const durations = new Map(run.before?.units.map(({ scenario, seconds }) => [scenario, seconds]));
    const context = { ...run, reporters: run.reporters(), runFolder: folder, keep: false, durations };
    const { records } = await runSuite(left, context);
    // What ended because of an interruption has no answer; the next call finds an error there, and asks again.
    run.signal.throwIfAborted();
    for (const record of records) done.set(record.scenario, record);
  }
  const order = [...wanted.broken, ...wanted.scenarios].map(({ name }) => name);
  return order.flatMap((name) => done.get(name) ?? []);
}

/** Whether a record of an earlier call counts: it is an answer, and of the kernel and QEMU that run now. */
const isAnswer = ({ verdict, profile }: ScenarioRecord, { profile: { kernel, qemu } }: Bench): boolean =>
  verdict !== "error" && profile.kernel.digest === kernel.digest && profile.qemu.digest === qemu.digest;
