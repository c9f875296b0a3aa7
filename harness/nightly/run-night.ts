/** A night: every machine of a configuration, one after another, and what it comes to beside the night before. */
import { join, resolve } from "node:path";
import { makeKey } from "../assets/digest.ts";
import { locateQemu } from "../assets/fetch-qemu.ts";
import { withLock } from "../assets/file-lock.ts";
import type { ReportProgress } from "../assets/progress.ts";
import { HarnessError, InfrastructureError } from "../errors/harness-error.ts";
import { describeError } from "../errors/describe-error.ts";
import { locateKernel } from "../kernel/debian-name.ts";
import { makeFolders } from "../lifecycle/make-folders.ts";
import { quoteForShell } from "../qemu/quote-for-shell.ts";
import type { Bench, BenchChoice } from "../run/bench.ts";
import { recorder } from "../run/recorder.ts";
import type { ScenarioFolder } from "../scenarios/read-scenarios.ts";
import { compareNights, type Comparison } from "./compare-nights.ts";
import { listMachines, type CheckedConfig, type NightMachine } from "./config.ts";
import { withHistory, type HistoryPlace } from "./history.ts";
import { endNight, pruneNights, readMachine, resumeOrBegin, writeMachine, type Night } from "./night-folder.ts";
import type { MachineResult, NightResult } from "./night-result.ts";
import { deviceOf, runMachine, type MachineRun } from "./run-machine.ts";

/** What a night takes. */
export interface NightRun extends Pick<MachineRun, "ledger" | "jobs" | "reporters" | "signal"> {
  readonly config: CheckedConfig;
  /** What paths of the configuration are relative to. */
  readonly folder: string;
  /** Folder of nights. */
  readonly out: string;
  readonly selected: ScenarioFolder;
  /** Folder that scenarios are named in, where it is not the project's. */
  readonly scenariosFolder: string | null;
  /** @throws {HarnessError} where something it needs cannot be had */
  readonly openBench: (choice: BenchChoice) => Promise<Bench>;
  /** The part of the night that is run here; null for all of it. Of a part, no history is kept here. */
  readonly part: NightPart | null;
  /** Begins a new night where the last one is not over. */
  readonly fresh: boolean;
  readonly report: ReportProgress;
}

/** What one of several runners does of a night. */
export interface NightPart {
  /** What makes it this part of this night and no other. */
  readonly name: string;
  /** Scenarios by machine. */
  readonly units: ReadonlyMap<string, ReadonlySet<string>>;
  /** The night before, as far as it is known here. */
  readonly before: NightResult | null;
}

/** How a night ended. */
export interface NightEnd {
  readonly night: Night;
  readonly result: NightResult;
  readonly comparison: Comparison;
}

/** The file of the history in a folder of nights. */
export const historyFile = (out: string): string => join(out, "history.sqlite");

/**
 * Runs a night, or what is left of the last one.
 * @throws the signal's reason where it is aborted: what was had is kept, and the next call goes on
 */
export async function runNight(run: NightRun): Promise<NightEnd> {
  const { config, out, signal, report, part, selected } = run;
  const lock = { root: out, name: "night", purpose: "running a night", report, signal };
  await makeFolders(out).catch((cause: unknown) => {
    throw new InfrastructureError({
      what: `Cannot keep nights in "${out}"`,
      remedy: "Name a folder that can be written with --out",
      cause,
    });
  });
  return await withLock(lock, async () => {
    const machines = listMachines(config).filter(({ name }) => part === null || part.units.has(name));
    const { attempts, boot } = config;
    const about = { recorder, attempts, boot, machines, scenarios: selected.scenarios, part: part?.name ?? null };
    const night = resumeOrBegin(out, makeKey({ about: JSON.stringify(about) }), new Date(), run.fresh);
    report({ kind: "note", text: `${night.resumed ? "Going on with" : "Beginning"} night ${night.name}` });
    const place: HistoryPlace = { file: historyFile(out), report, signal };
    const before =
      part === null ? await withHistory(place, (history) => history.lastBefore(night.name)) : part.before;

    const results: MachineResult[] = [];
    for (const [index, machine] of machines.entries()) {
      const own = part === null ? selected : onlyNamed(selected, part.units.get(machine.name) ?? new Set());
      const result =
        readMachine(night, machine.name) ?? (await tryMachine({ ...run, selected: own }, night, machine, before));
      results.push(result);
      if (part !== null) continue;
      // Again for one that was done already: the process may have ended in between.
      await withHistory(place, (history) => {
        history.putMachine({ night: night.name, started: night.started }, result);
        if (index + 1 === machines.length) history.endNight(night.name);
      });
    }
    endNight(night);
    pruneNights(out, config.keep);
    const result = { night: night.name, started: night.started, machines: results };
    return { night, result, comparison: compareNights(result, before) };
  });
}

/** Scenarios whose first function is on a device that the configuration has. */
export const onDevices = (selected: ScenarioFolder, { devices }: Pick<CheckedConfig, "devices">): ScenarioFolder => ({
  ...selected,
  scenarios: selected.scenarios.filter(
    (scenario) => devices === null || devices.some((each) => each === deviceOf(scenario)),
  ),
});

const onlyNamed = ({ scenarios, broken }: ScenarioFolder, names: ReadonlySet<string>): ScenarioFolder => ({
  scenarios: scenarios.filter(({ name }) => names.has(name)),
  broken: broken.filter(({ name }) => names.has(name)),
});

/** A machine that cannot be had is a result: the others have their turn. */
async function tryMachine(
  run: NightRun,
  night: Night,
  machine: NightMachine,
  before: NightResult | null,
): Promise<MachineResult> {
  const { signal, report, selected } = run;
  const begin = performance.now();
  let bench: Bench;
  try {
    bench = await openMachine(run, machine);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HarnessError)) throw error;
    report({ kind: "note", text: `Cannot have ${machine.name}: ${error.what}` });
    const result = { ...machine, ran: null, units: [], seconds: (performance.now() - begin) / 1000 };
    return { ...result, problem: describeError(error).join("; ") };
  }
  await using opened = bench;
  const where = run.scenariosFolder === null ? [] : ["--scenarios", run.scenariosFolder];
  const result = await runMachine({
    ...{ ledger: run.ledger, signal, night, machine, selected, bench: opened },
    ...{ attempts: run.config.attempts, jobs: run.jobs, reporters: run.reporters },
    before: before?.machines.find(({ name }) => name === machine.name) ?? null,
    reproduce: ({ name }) => quoteForShell(["zhil", "run", name, ...opened.options, ...where]),
  });
  writeMachine(night, result);
  return result;
}

const openMachine = (
  { openBench, config, folder, report, signal }: NightRun,
  { bench, kernel, qemu }: NightMachine,
): Promise<Bench> =>
  openBench({
    name: bench,
    kernel: kernel === "" || kernel === "lean" ? null : locateKernel(kernel, folder),
    qemu: qemu === "" || qemu === "newest" ? null : locateQemu(qemu, resolve(folder)),
    boot: config.boot,
    report,
    signal,
  });
