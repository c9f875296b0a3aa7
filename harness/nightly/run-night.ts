/** A night: every machine of a configuration, one after another, and what it comes to beside the night before. */
import { join } from "node:path";
import { exchangeTargets } from "../../src/scenario/exchangeable.ts";
import { makeKey } from "../assets/digest.ts";
import { withLock } from "../assets/file-lock.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { makeFolders } from "../lifecycle/make-folders.ts";
import { recorder } from "../run/recorder.ts";
import type { ScenarioFolder } from "../scenarios/read-scenarios.ts";
import { putOnDevices } from "../scenarios/select-scenarios.ts";
import { compareNights, type Comparison } from "./compare-nights.ts";
import { listMachines, type CheckedConfig, type NightMachine } from "./config.ts";
import { withHistory, type HistoryPlace, type History } from "./history.ts";
import { endNight, pruneNights, readMachine, resumeOrBegin, type Night } from "./night-folder.ts";
import type { MachineResult, NightResult } from "./night-result.ts";
import type { NightRun } from "./night-run.ts";
import { deviceOf } from "./run-machine.ts";
import { tryMachine } from "./try-machine.ts";

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

    const fatal = new AbortController();
    const context = { ...run, signal: AbortSignal.any([signal, fatal.signal]) };
    const runOne = async (machine: NightMachine): Promise<MachineResult> => {
      const own = part === null ? selected : onlyNamed(selected, part.units.get(machine.name) ?? new Set());
      const had = readMachine(night, machine.name);
      const result = had ?? (await tryMachine({ ...context, selected: own }, night, machine, before));
      // Again for one that was done already: the process may have ended in between.
      const keep = (history: History): void => {
        history.putMachine({ night: night.name, started: night.started }, result);
      };
      if (part === null) await withHistory(place, keep);
      return result;
    };
    // A bench here wants all of this machine; a crew shares out what there is.
    const results = await mapOver(machines, run.crew === null ? 1 : machines.length, runOne, fatal);
    if (part === null) {
      await withHistory(place, (history) => {
        history.endNight(night.name);
      });
    }
    endNight(night);
    pruneNights(out, config.keep);
    const result = { night: night.name, started: night.started, machines: results };
    return { night, result, comparison: compareNights(result, before) };
  });
}

/** What comes of each, in their order, so many at a time; where one throws, the others are told, and waited for. */
async function mapOver<T, R>(
  items: readonly T[],
  atATime: number,
  action: (item: T) => Promise<R>,
  fatal: AbortController,
): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const work = async (): Promise<void> => {
    for (const [index, item] of queue) {
      fatal.signal.throwIfAborted();
      results[index] = await action(item);
    }
  };
  const workers = Array.from({ length: Math.min(atATime, items.length) }, () =>
    work().catch((error: unknown) => {
      fatal.abort(error);
      throw error;
    }),
  );
  const failed = (await Promise.allSettled(workers)).find((each) => each.status === "rejected");
  if (failed !== undefined) throw fatal.signal.reason;
  return results;
}

/** Scenarios as they are written, of those whose first function is on a device that the configuration has; and those put on such. */
export function onDevices(selected: ScenarioFolder, { devices }: Pick<CheckedConfig, "devices">): ScenarioFolder {
  const wanted = devices ?? ["written"];
  const { scenarios, broken } = selected;
  const written = scenarios.filter((each) => wanted.some((name) => name === "written" || name === deviceOf(each)));
  const targets = exchangeTargets.filter((each) => wanted.includes(each));
  return { scenarios: [...written, ...putOnDevices(scenarios, targets)], broken };
}

const onlyNamed = ({ scenarios, broken }: ScenarioFolder, names: ReadonlySet<string>): ScenarioFolder => ({
  scenarios: scenarios.filter(({ name }) => names.has(name)),
  broken: broken.filter(({ name }) => names.has(name)),
});
