/** The plan of a night for several runners: its units, and how long each took when it last ran. */
import type { NightResult } from "../nightly/night-result.ts";
import { listMachines, type CheckedConfig } from "../nightly/config.ts";
import { deviceOf } from "../nightly/run-machine.ts";
import type { ScenarioFolder } from "../scenarios/read-scenarios.ts";
import { listRunners } from "./runners.ts";
import { planShards, type PlannedUnit, type ShardPlan } from "./shard-plan.ts";

/** Seconds of a scenario that never ran, on a machine where none did. */
const usualSeconds = 2;

/**
 * Plans a night.
 * @throws {UsageError} where a unit can be done by no runner
 */
export function planNight(
  config: CheckedConfig,
  selected: ScenarioFolder,
  before: NightResult | null,
  shards: number,
): ShardPlan {
  const measured = new Map(before?.machines.map((machine) => [machine.name, machine]));
  const units = listMachines(config).flatMap(({ name: machine }): readonly PlannedUnit[] => {
    const seconds = new Map(measured.get(machine)?.units.map((unit) => [unit.scenario, unit.seconds]));
    const sum = [...seconds.values()].reduce((total, each) => total + each, 0);
    const mean = seconds.size === 0 ? usualSeconds : sum / seconds.size;
    return [
      ...selected.scenarios.map((scenario) => ({ scenario: scenario.name, device: deviceOf(scenario) })),
      // What cannot be read is an error of whoever comes upon it.
      ...selected.broken.map(({ name }) => ({ scenario: name, device: "" })),
    ].map((unit) => ({ machine, ...unit, seconds: seconds.get(unit.scenario) ?? mean }));
  });
  return planShards(units, listRunners(config, shards));
}
