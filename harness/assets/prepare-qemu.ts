/**
 * A QEMU for s390x: the one the user names, by path or as the archive's of a version, the system's where it is new enough,
 * else the archive's newest.
 */
import { access, constants } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { UsageError } from "../errors/harness-error.ts";
import type { Origin, Qemu } from "./assets.ts";
import { compareVersions } from "./debian-version.ts";
import { digestFile } from "./digest.ts";
import {
  askVersion,
  fetchQemu,
  findFetched,
  findFetchedVersion,
  parseQemuName,
  preferredQemu,
  prepareQemuVersion,
  qemuProgram,
} from "./fetch-qemu.ts";
import type { Preparation } from "./preparation.ts";

/** The oldest release that can be given; before `preferredQemu` it has no NVMe, and scenarios that need one are skipped. */
export const oldestQemu = "7.2";

/**
 * A QEMU that is new enough.
 * @throws {UsageError} where the one given is not; {InfrastructureError} where none can be had
 */
export async function prepareQemu(preparation: Preparation, given: string | undefined): Promise<Qemu> {
  const { root, update, signal } = preparation;
  const version = given === undefined ? null : parseQemuName(given);
  // Asks for itself whether it is there.
  if (version !== null) return prepareQemuVersion(preparation, version);
  return (await findQemu({ root, given, update, signal })) ?? fetchQemu(preparation);
}

/** What finding a QEMU takes. */
export interface QemuSearch {
  readonly root: string;
  readonly given: string | undefined;
  /** Leaves out the one that was fetched earlier. */
  readonly update: boolean;
  readonly signal: AbortSignal;
}

/**
 * The QEMU that is at hand without fetching one, or null.
 * @throws {UsageError} where the one given cannot be used
 */
export async function findQemu({ root, given, update, signal }: QemuSearch): Promise<Qemu | null> {
  const version = given === undefined ? null : parseQemuName(given);
  if (version !== null) return update ? null : findFetchedVersion(root, version);
  if (given !== undefined) return examineGiven(resolve(given), signal);
  const system = await findSystemQemu(signal);
  return system !== null || update ? system : findFetched(root);
}

/** The system's QEMU, or null where there is none or it is too old to have NVMe. */
async function findSystemQemu(signal: AbortSignal): Promise<Qemu | null> {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, qemuProgram);
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (!found) continue;
    const qemu = await examineProgram(path, "system", signal);
    return compareVersions(qemu.version, preferredQemu) < 0 ? null : qemu;
  }
  return null;
}

async function examineGiven(path: string, signal: AbortSignal): Promise<Qemu> {
  const qemu = await examineProgram(path, "given", signal).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw new UsageError({
      what: `Cannot use the QEMU "${path}"`,
      remedy: `Give the path of a ${qemuProgram}`,
      cause,
    });
  });
  if (compareVersions(qemu.version, oldestQemu) >= 0) return qemu;
  throw new UsageError({
    what: `Cannot use the QEMU "${path}": it is ${qemu.version}, and ${oldestQemu} is the oldest that is known to work`,
    remedy: `Give one of ${oldestQemu} or later (${preferredQemu} for NVMe), or none to have it fetched`,
  });
}

async function examineProgram(path: string, origin: Origin, signal: AbortSignal): Promise<Qemu> {
  const command = { argv: [path] as const, environment: {} };
  return { ...command, version: await askVersion(command, signal), digest: await digestFile(path), origin };
}
