/** What every command about nights begins with: the configuration, its scenarios, and where its nights are. */
import { resolve } from "node:path";
import { scenariosFolder, type ScenarioFolder } from "../scenarios/read-scenarios.ts";
import { selectScenarios } from "../scenarios/select-scenarios.ts";
import type { CheckedConfig } from "./config.ts";
import { loadConfig } from "./load-config.ts";
import { onDevices } from "./run-night.ts";

/** A night that could be run. */
export interface OpenNight {
  readonly config: CheckedConfig;
  /** What paths of the configuration are relative to. */
  readonly folder: string;
  /** Folder of nights. */
  readonly out: string;
  readonly selected: ScenarioFolder;
  /** Folder that scenarios are named in, where it is not the project's. */
  readonly scenariosFolder: string | null;
}

/**
 * Reads a configuration and the scenarios that it selects.
 * @throws {UsageError} where one of them is not what it should be
 */
export async function openNight(
  flags: { readonly config?: string; readonly out?: string },
  workingFolder: string,
): Promise<OpenNight> {
  const { config, folder } = await loadConfig(flags.config ?? null, workingFolder);
  const { names, tags, without, seeds, folder: own } = config.scenarios;
  const scenarios = own === null ? null : resolve(folder, own);
  const selection = { names, tags, without, seeds, folder: scenarios ?? scenariosFolder, workingFolder: folder };
  return {
    ...{ config, folder, scenariosFolder: scenarios },
    out: flags.out === undefined ? resolve(folder, config.out) : resolve(workingFolder, flags.out),
    selected: onDevices(await selectScenarios(selection), config),
  };
}
