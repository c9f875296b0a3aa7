/** Which scenarios a command is about: names, globs, files, tags, seed documents. */
import { resolve } from "node:path";
import { nearestOf } from "../../src/scenario/nearest.ts";
import { ScenarioError } from "../../src/scenario/parse.ts";
import { exchangeTargets, type ExchangeTarget } from "../../src/scenario/exchangeable.ts";
import { putOnDevice } from "../../src/scenario/put-on-device.ts";
import { variantsOf } from "../../src/scenario/variants.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";
import { UsageError } from "../errors/harness-error.ts";
import {
  isScenarioPath,
  readScenario,
  readScenarioFolder,
  withoutGuests,
  type BrokenScenario,
  type ScenarioFolder,
} from "./read-scenarios.ts";

/** What the user asked for; within one kind any match is enough, different kinds must all match. */
export interface Selection {
  /** Names, globs (`*`, `?`) and paths of YAML files; all scenarios where empty. */
  readonly names: readonly string[];
  readonly tags: readonly string[];
  /** Tags that none may have. */
  readonly without: readonly string[];
  readonly seeds: readonly string[];
  /** Devices that scenarios are put on; none, and they are what is written. */
  readonly devices?: readonly ExchangeTarget[];
  /** Whether all scenarios are those, too, that are for guests and their hosts alone; who is named is there anyway. */
  readonly forGuests?: boolean;
  /** Folder that names are looked up in. */
  readonly folder: string;
  /** Folder that paths are relative to. */
  readonly workingFolder: string;
}

/**
 * The scenarios of a selection, in the order asked for, none twice.
 * @throws {UsageError} for a name, tag or seed that nothing has, with the nearest that exists
 */
export async function selectScenarios(selection: Selection): Promise<ScenarioFolder> {
  const paths = selection.names.filter(isPath);
  const patterns = selection.names.filter((name) => !isPath(name));
  const named = await readNamedFiles(paths, selection.workingFolder);
  if (selection.names.length > 0 && patterns.length === 0)
    return filterScenarios(onWanted(named, selection), selection);
  const folder = await readScenarioFolder(selection.folder);
  const all = selection.forGuests === true ? folder : withoutGuests(folder);
  const matching = patterns.length === 0 ? all : matchAll(folder, patterns);
  const found = {
    scenarios: [...named.scenarios, ...matching.scenarios],
    broken: [...named.broken, ...matching.broken],
  };
  return filterScenarios(onWanted(found, selection), selection);
}

/** Scenarios on devices that they are not written for, one device after the other. */
export const putOnDevices = (
  scenarios: readonly Scenario[],
  devices: readonly ExchangeTarget[] = exchangeTargets,
): Scenario[] => devices.flatMap((device) => scenarios.flatMap((each) => putOnDevice(each, device) ?? []));

/** The scenarios on the devices asked for: put there, or there already. */
function onWanted({ scenarios, broken }: ScenarioFolder, { devices = [] }: Selection): ScenarioFolder {
  if (devices.length === 0) return { scenarios, broken };
  const there = scenarios.filter(({ functions }) => devices.some((each) => Object.values(functions).includes(each)));
  return { scenarios: [...there, ...putOnDevices(scenarios, devices)], broken };
}

const isPath = (name: string): boolean => isScenarioPath(name) || name.includes("/");

async function readNamedFiles(paths: readonly string[], from: string): Promise<ScenarioFolder> {
  const scenarios: Scenario[] = [];
  const broken: BrokenScenario[] = [];
  for (const path of paths) {
    try {
      const scenario = await readScenario(resolve(from, path));
      scenarios.push(scenario, ...variantsOf(scenario));
    } catch (error) {
      if (!(error instanceof ScenarioError)) throw error;
      broken.push({ name: path, file: path, error });
    }
  }
  return { scenarios, broken };
}

function matchAll(folder: ScenarioFolder, patterns: readonly string[]): ScenarioFolder {
  const scenarios = new Set<Scenario>();
  const broken = new Set<BrokenScenario>();
  for (const pattern of patterns) {
    const matches = globToRegExp(pattern);
    // What is in no folder by itself has to be asked for by its device.
    const more = pattern.includes("@") && !pattern.endsWith("*") ? putOnDevices(folder.scenarios) : [];
    const candidates = [...folder.scenarios, ...more];
    const good = candidates.filter((each) => matches.test(each.name));
    const bad = folder.broken.filter((each) => matches.test(each.name));
    if (good.length + bad.length === 0) {
      const names = [...candidates, ...folder.broken].map((each) => each.name);
      throw unknown(isGlob(pattern) ? "No scenario matches" : "Unknown scenario", pattern, names);
    }
    for (const each of good) scenarios.add(each);
    for (const each of bad) broken.add(each);
  }
  return { scenarios: [...scenarios], broken: [...broken] };
}

/** Keeps what has a wanted tag and a wanted seed, and no unwanted tag. A broken file's tags are not known, so it stays. */
function filterScenarios(found: ScenarioFolder, { tags, without, seeds }: Selection): ScenarioFolder {
  const { scenarios, broken } = found;
  for (const tag of [...tags, ...without]) {
    const known = scenarios.flatMap((each) => each.tags);
    if (!known.includes(tag)) throw unknown("No scenario has the tag", tag, known);
  }
  for (const seed of seeds) {
    const known = scenarios.flatMap((each) => each.seeds);
    if (!known.includes(seed)) throw unknown("No scenario has the seed document", seed, known);
  }
  const hasOne = (wanted: readonly string[], has: readonly string[]): boolean =>
    wanted.length === 0 || wanted.some((each) => has.includes(each));
  const kept = scenarios
    .filter((each) => hasOne(tags, each.tags) && hasOne(seeds, each.seeds))
    .filter((each) => !without.some((tag) => each.tags.includes(tag)));
  if (kept.length + broken.length === 0) {
    throw new UsageError({ what: "Nothing to run: no scenario is selected", remedy: 'See "zhil list"' });
  }
  return { scenarios: kept, broken };
}

function unknown(what: string, name: string, candidates: readonly string[]): UsageError {
  const near = nearestOf(name, [...new Set(candidates)]);
  const suggestion = near === null ? "" : `: did you mean "${near}"?`;
  return new UsageError({ what: `${what} "${name}"${suggestion}`, remedy: '"zhil list" shows what there is' });
}

const isGlob = (pattern: string): boolean => /[*?]/u.test(pattern);

/** What a glob with `*` and `?` matches, from beginning to end. */
export function globToRegExp(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/gu, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "u");
}
