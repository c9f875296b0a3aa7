/** Mutants that show on a flavour of the lean kernel alone are tried there, after the others. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ScenarioFolder } from "../scenarios/read-scenarios.ts";
import type { MutantBenches } from "./mutant-benches.ts";
import type { Mutant } from "./mutant.ts";
import { runMutants, type MutantRunOptions, type MutantRunResult } from "./run-mutants.ts";

/** Opens benches on the lean kernel, or on a flavour of it. */
export type OpenMutantBenches = (flavour: string | null) => Promise<MutantBenches>;

/**
 * Tries mutants, flavour by flavour. On a flavour, which may be slow, scenarios are those that have a tag of one of its mutants.
 * @throws {HarnessError} where no scenario passes on an unpatched kernel, or evidence cannot be written
 */
export async function runMutantsByFlavour(
  options: Omit<MutantRunOptions, "benches">,
  openBenches: OpenMutantBenches,
): Promise<MutantRunResult> {
  const results: MutantRunResult[] = [];
  for (const [flavour, mutants] of groupByFlavour(options.mutants)) {
    const runFolder = flavour === null ? options.runFolder : join(options.runFolder, flavour);
    await mkdir(runFolder, { recursive: true });
    const scenarios = flavour === null ? options.scenarios : keepTagged(options.scenarios, mutants);
    if (options.signal.aborted) results.push(notTried(mutants));
    else {
      const benches = await openBenches(flavour);
      results.push(await runMutants({ ...options, mutants, scenarios, runFolder, benches }));
    }
  }
  return {
    records: results.flatMap(({ records }) => records),
    missing: results.flatMap(({ missing }) => missing),
    unfit: results.flatMap(({ unfit }) => unfit),
    interrupted: results.some(({ interrupted }) => interrupted),
    seconds: results.reduce((total, { seconds }) => total + seconds, 0),
  };
}

/** Mutants by what they are tried on, those of no flavour first. */
function groupByFlavour(mutants: readonly Mutant[]): ReadonlyMap<string | null, readonly Mutant[]> {
  const groups = new Map<string | null, Mutant[]>();
  const plain = mutants.filter(({ flavour }) => flavour === undefined);
  if (plain.length > 0) groups.set(null, plain);
  for (const mutant of mutants) {
    if (mutant.flavour === undefined) continue;
    groups.set(mutant.flavour, [...(groups.get(mutant.flavour) ?? []), mutant]);
  }
  return groups;
}

function keepTagged({ scenarios, broken }: ScenarioFolder, mutants: readonly Mutant[]): ScenarioFolder {
  const wanted = new Set(mutants.flatMap(({ tags }) => tags));
  return { scenarios: scenarios.filter(({ tags }) => tags.some((tag) => wanted.has(tag))), broken };
}

const notTried = (mutants: readonly Mutant[]): MutantRunResult => ({
  ...{ records: [], unfit: [], interrupted: true, seconds: 0 },
  missing: mutants.map(({ name }) => name),
});
