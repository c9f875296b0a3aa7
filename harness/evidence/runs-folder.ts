/** The folder that keeps runs: one folder per run, named for its time, and `latest` pointing to the newest. */
import { mkdir, readdir, rename, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { InfrastructureError } from "../errors/harness-error.ts";
import { makeFolders } from "../lifecycle/make-folders.ts";

/** Runs that are kept; older ones are removed when a new one begins. */
export const keptRuns = 20;

const runName = /^\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}Z(?:-\d+)?$/u;

/**
 * Creates the folder of a new run, points `latest` to it, and removes runs beyond the newest twenty.
 * @throws {InfrastructureError} where the folder cannot be written
 */
export async function createRunFolder(parent: string, now: Date): Promise<string> {
  try {
    await makeFolders(parent);
    const name = await createUnique(
      parent,
      now
        .toISOString()
        .replace(/\.\d+Z$/u, "Z")
        .replaceAll(":", "-"),
    );
    // Made aside and moved into place, so that "latest" always leads somewhere.
    const link = join(parent, `.latest-${name}`);
    await rm(link, { force: true });
    await symlink(name, link);
    await rename(link, join(parent, "latest"));
    await pruneRuns(parent, name);
    return join(parent, name);
  } catch (cause) {
    throw new InfrastructureError({
      what: `Cannot keep evidence in "${parent}"`,
      remedy: "Name a folder that can be written with --out",
      cause,
    });
  }
}

async function createUnique(parent: string, base: string): Promise<string> {
  // Beyond every number there is: one that became free again belonged to an older run.
  const taken = (await readdir(parent)).filter((name) => name === base || name.startsWith(`${base}-`));
  const numbers = taken.map((name) => Number(name.slice(base.length + 1)) || 1);
  for (let attempt = Math.max(0, ...numbers) + 1; ; attempt++) {
    const name = attempt === 1 ? base : `${base}-${attempt}`;
    try {
      await mkdir(join(parent, name));
      return name;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

async function pruneRuns(parent: string, newest: string): Promise<void> {
  const runs = (await readdir(parent)).filter((name) => runName.test(name) && name !== newest).sort(byTime);
  // One that another process removes at the same time is gone all the same.
  await Promise.all(
    runs.slice(0, -(keptRuns - 1)).map((name) => rm(join(parent, name), { recursive: true, force: true })),
  );
}

/** Names of the same second have a number that grows: `…Z`, `…Z-2`, `…Z-10`. */
const byTime = (one: string, other: string): number => one.localeCompare(other, "en", { numeric: true });
