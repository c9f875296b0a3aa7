/** Columns of a report: a run is one, and each machine of a night. */
import { realpath } from "node:fs/promises";
import { basename } from "node:path";
import { findScenarioFolders, readRecord } from "../../evidence/read-evidence.ts";
import { isNight, listMachineFolders, type MachineFolder } from "../../nightly/night-folder.ts";
import { worstOf } from "../../nightly/night-result.ts";

/** A column: evidence of scenarios that ran on the same. */
export interface PageColumn {
  readonly name: string;
  /** Folders of scenarios. */
  readonly folders: readonly string[];
}

/**
 * The columns that a folder stands for.
 * @throws {UsageError} where it holds no evidence, or evidence that cannot be read
 */
export async function findColumns(folder: string): Promise<readonly PageColumn[]> {
  // The link to the newest run says nothing of which one it was.
  const name = basename(await realpath(folder).catch(() => folder));
  if (!isNight(folder)) return [{ name, folders: await findScenarioFolders(folder) }];
  const machines = listMachineFolders(folder);
  return Promise.all(
    machines.map(async (machine) => ({
      name: `${name} ${machine.name}`,
      folders: await chooseAttempts(machine),
    })),
  );
}

/** Of each scenario the attempt that went worst: what a night's result is of. */
async function chooseAttempts({ attempts }: MachineFolder): Promise<readonly string[]> {
  const tried = new Map<string, string[]>();
  for (const attempt of attempts) {
    for (const folder of await findScenarioFolders(attempt)) {
      tried.set(basename(folder), [...(tried.get(basename(folder)) ?? []), folder]);
    }
  }
  return Promise.all(
    [...tried.values()].map(async ([first = "", ...others]) => {
      if (others.length === 0) return first;
      const records = await Promise.all(
        [first, ...others].map(async (folder) => ({
          folder,
          verdict: (await readRecord(folder))?.verdict ?? "error",
        })),
      );
      return worstOf(records).folder;
    }),
  );
}
