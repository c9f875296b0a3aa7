/** The scenarios of one machine of a night: those that have an answer are left alone, those that are bad run again. */
import { rmSync } from "node:fs";
import { kindOf, type Scenario } from "../../src/scenario/scenario.ts";
import type { ScenarioRecord } from "../evidence/record.ts";
import type { ScenarioFolder } from "../scenarios/read-scenarios.ts";
import type { NightMachine } from "./config.ts";
import { openAttempt, readAttempt, type Night } from "./night-folder.ts";
import { foldAttempts, isBad, isFlaky, type MachineResult } from "./night-result.ts";
import type { Performer } from "./performer.ts";

/** What running a machine takes. */
export interface MachineRun {
  readonly night: Pick<Night, "folder">;
  readonly machine: NightMachine;
  readonly selected: ScenarioFolder;
  /** What the night before had of it; null where it had nothing. */
  readonly before: MachineResult | null;
  readonly attempts: number;
  /** What performs its scenarios. */
  readonly performer: Performer;
  readonly signal: AbortSignal;
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
  const { machine, selected, before, attempts, performer } = run;
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
  return {
    ...{ name: machine.name, bench: machine.bench, kernel: machine.kernel, qemu: machine.qemu, problem: null },
    ran: performer.ran,
    seconds: (performance.now() - begin) / 1000,
    units: [...had].map(([name, records]) => foldAttempts(records, devices.get(name) ?? "none")),
  };
}

/** One attempt at some scenarios; those that have an answer in it are not run again. */
async function runAttempt(run: MachineRun, wanted: ScenarioFolder, attempt: number): Promise<ScenarioRecord[]> {
  const { night, machine, before, performer, signal } = run;
  const folder = openAttempt(night, machine.name, attempt);
  const done = readAttempt(folder);
  for (const [name, record] of done) {
    if (isAnswer(record, performer)) continue;
    rmSync(record.evidence, { recursive: true, force: true });
    done.delete(name);
  }
  const left = {
    scenarios: wanted.scenarios.filter(({ name }) => !done.has(name)),
    broken: wanted.broken.filter(({ name }) => !done.has(name)),
  };
  if (left.scenarios.length + left.broken.length > 0) {
    const durations = new Map(before?.units.map(({ scenario, seconds }) => [scenario, seconds]));
    const records = await performer.perform(left, { folder, attempt, durations });
    // What ended because of an interruption has no answer; the next call finds an error there, and asks again.
    signal.throwIfAborted();
    for (const record of records) done.set(record.scenario, record);
  }
  const order = [...wanted.broken, ...wanted.scenarios].map(({ name }) => name);
  return order.flatMap((name) => done.get(name) ?? []);
}

/** Whether a record of an earlier call counts: it is an answer, and of the kernel and QEMU that run now, where they are known. */
const isAnswer = ({ verdict, profile }: ScenarioRecord, { ran }: Performer): boolean =>
  verdict !== "error" &&
  (ran === null || (profile.kernel.digest === ran.kernel.digest && profile.qemu.digest === ran.qemu.digest));
