/**
 * A night on disk. Its folder says what the night is about and holds the evidence of every attempt, each of which has a
 * record when it is over and not before: what has one is done, whatever ended the process, and is never done again.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { InfrastructureError } from "../errors/harness-error.ts";
import { recordSchema, type ScenarioRecord } from "../evidence/record.ts";
import { evidenceFiles } from "../evidence/scenario-folder.ts";
import { machineResultSchema, type MachineResult } from "./night-result.ts";

const nightFile = "night.json";
const machineFile = "machine.json";
const nightName = /^\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}Z(?:-\d+)?$/u;

const attemptName = /^attempt-\d+$/u;

const nightSchema = z.strictObject({
  started: z.iso.datetime(),
  /** Of what it is about: a night that is about something else is not this one. */
  digest: z.string(),
  /** Whether it is over. */
  ended: z.boolean(),
});

/** What a night's folder says of it. */
export interface Night extends z.output<typeof nightSchema> {
  readonly name: string;
  readonly folder: string;
}

/** The nights of a folder, oldest first; what cannot be read is none. */
export function listNights(parent: string): readonly Night[] {
  if (!existsSync(parent)) return [];
  const names = readdirSync(parent).filter((name) => nightName.test(name));
  return names.sort(byTime).flatMap((name) => {
    const said = readJson(join(parent, name, nightFile), nightSchema);
    return said === null ? [] : [{ ...said, name, folder: join(parent, name) }];
  });
}

/** The last night, where it is about the same and not over; else a new one, begun now. */
export function resumeOrBegin(
  parent: string,
  digest: string,
  now: Date,
  fresh: boolean,
): Night & { resumed: boolean } {
  const last = listNights(parent).at(-1);
  if (!fresh && last?.ended === false && last.digest === digest) return { ...last, resumed: true };
  mkdirSync(parent, { recursive: true });
  const base = now
    .toISOString()
    .replace(/\.\d+Z$/u, "Z")
    .replaceAll(":", "-");
  for (let attempt = 1; ; attempt++) {
    const name = attempt === 1 ? base : `${base}-${attempt}`;
    const folder = join(parent, name);
    try {
      mkdirSync(folder);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "EEXIST") continue;
      throw new InfrastructureError({ what: `Cannot keep nights in "${parent}"`, cause });
    }
    const night: Night = { name, folder, started: now.toISOString(), digest, ended: false };
    writeNight(night);
    return { ...night, resumed: false };
  }
}

/** Says that a night is over. */
export const endNight = (night: Night): void => {
  writeNight({ ...night, ended: true });
};

/** Removes the evidence of all but so many nights; the history has their results. */
export function pruneNights(parent: string, keep: number): void {
  for (const { folder } of listNights(parent).slice(0, -keep)) rmSync(folder, { recursive: true, force: true });
}

/** The folder of a machine's attempt, made where it is not there. */
export function openAttempt(night: Pick<Night, "folder">, machine: string, attempt: number): string {
  const folder = join(machineFolder(night, machine), `attempt-${attempt}`);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** The records of a machine's attempt, by scenario. What was begun and has none is removed, so that it begins anew. */
export function readAttempt(folder: string): Map<string, ScenarioRecord> {
  const records = new Map<string, ScenarioRecord>();
  for (const name of readdirSync(folder)) {
    const record = readJson(join(folder, name, evidenceFiles.record), recordSchema);
    if (record === null) rmSync(join(folder, name), { recursive: true, force: true });
    else records.set(record.scenario, record);
  }
  return records;
}

/** What came of a machine, where it is done; null else. */
export const readMachine = (night: Pick<Night, "folder">, machine: string): MachineResult | null =>
  readJson(join(machineFolder(night, machine), machineFile), machineResultSchema);

/** Says that a machine is done, and what came of it. */
export function writeMachine(night: Pick<Night, "folder">, result: MachineResult): void {
  const folder = machineFolder(night, result.name);
  mkdirSync(folder, { recursive: true });
  writeJson(join(folder, machineFile), result);
}

/** Whether a folder is a night's. */
export const isNight = (folder: string): boolean => existsSync(join(folder, nightFile));

/** What a machine left of a night. */
export interface MachineFolder {
  /** Of the machine. */
  readonly name: string;
  /** Folders of its attempts, in order; each holds folders of scenarios. */
  readonly attempts: readonly string[];
}

/** What the machines of a night left; those that were not had left nothing. */
export function listMachineFolders(night: string): readonly MachineFolder[] {
  return readdirSync(night, { withFileTypes: true }).flatMap((entry) => {
    if (!entry.isDirectory()) return [];
    const folder = join(night, entry.name);
    const attempts = readdirSync(folder)
      .filter((name) => attemptName.test(name) && readdirSync(join(folder, name)).length > 0)
      .sort(byTime)
      .map((name) => join(folder, name));
    return attempts.length === 0
      ? []
      : [{ name: readJson(join(folder, machineFile), machineResultSchema)?.name ?? entry.name, attempts }];
  });
}

/** A folder for each machine, as readable as its name. */
const machineFolder = ({ folder }: Pick<Night, "folder">, machine: string): string =>
  join(folder, encodeURIComponent(machine.replaceAll("/", ",")).replaceAll("%2C", ","));

const writeNight = ({ folder, started, digest, ended }: Night): void => {
  writeJson(join(folder, nightFile), { started, digest, ended });
};

function readJson<T>(path: string, schema: z.ZodType<T>): T | null {
  try {
    return schema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    // Half a file, or none: it was never finished.
    return null;
  }
}

function writeJson(path: string, value: unknown): void {
  const aside = `${path}.new`;
  try {
    writeFileSync(aside, `${JSON.stringify(value, null, 1)}\n`, { flush: true });
    renameSync(aside, path);
  } catch (cause) {
    throw new InfrastructureError({
      what: `Cannot write "${path}"`,
      remedy: "Make room there, or name another folder with --out",
      cause,
    });
  }
}

/** Names of the same second have a number that grows. */
const byTime = (one: string, other: string): number => one.localeCompare(other, "en", { numeric: true });
