/** What a run that was killed left behind, the next one finds and removes. */
import { lstat, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { retryUntil } from "../wait/retry-until.ts";
import { isAlive, readProcessRealm } from "./process-identity.ts";
import { killRecorded } from "./recorded-processes.ts";
import { ownerFile, scratchPrefix } from "./scratch.ts";

/** Age from which a folder without an owner counts as left behind, in milliseconds; its owner may be writing the file. */
const ownerlessAge = 600_000;
/** Limit for a killed process to be gone, in milliseconds. */
const killLimit = 5_000;

const ownerSchema = z.object({ pid: z.int(), startTime: z.string(), realm: z.string() });

/** A scratch folder that was left behind and is gone now. */
export interface Leftover {
  readonly path: string;
  /** Processes that still ran and were ended. */
  readonly pids: readonly number[];
}

/**
 * Removes scratch folders whose owner is dead, and ends the processes noted in them. Folders of other users, of
 * running owners, and of owners in another PID namespace, whose life cannot be seen from here, are left alone.
 */
export async function reapLeftovers(
  options: { readonly parent?: string; readonly signal?: AbortSignal } = {},
): Promise<readonly Leftover[]> {
  const parent = options.parent ?? tmpdir();
  const signal = options.signal ?? new AbortController().signal;
  const entries = await readdir(parent).catch(() => []);
  const leftovers: Leftover[] = [];
  for (const name of entries.filter((each) => each.startsWith(scratchPrefix))) {
    const path = join(parent, name);
    if (!(await isLeftBehind(path))) continue;
    const killed = killRecorded(path);
    const wait = { what: `processes of "${path}" to be gone`, limit: killLimit, signal };
    await retryUntil(wait, () => {
      const alive = killed.find(isAlive);
      if (alive !== undefined) throw new Error(`process ${alive.pid} is still there`);
    });
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
    leftovers.push({ path, pids: killed.map(({ pid }) => pid) });
  }
  return leftovers;
}

async function isLeftBehind(path: string): Promise<boolean> {
  try {
    const stats = await lstat(path);
    // The folder for temporary files is everybody's: what another user put there must not choose whom we kill.
    if (!stats.isDirectory() || stats.uid !== process.getuid?.()) return false;
    const owner = await readOwner(path);
    if (owner === null) return Date.now() - stats.mtimeMs > ownerlessAge;
    const [boot, namespace] = readProcessRealm().split(" ");
    const [ownerBoot, ownerNamespace] = owner.realm.split(" ");
    if (ownerBoot !== boot) return true;
    return ownerNamespace === namespace && !isAlive(owner);
  } catch {
    // Somebody else removed it meanwhile.
    return false;
  }
}

async function readOwner(path: string): Promise<z.output<typeof ownerSchema> | null> {
  try {
    return ownerSchema.parse(JSON.parse(await readFile(join(path, ownerFile), "utf8")));
  } catch {
    return null;
  }
}
