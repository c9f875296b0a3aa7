/** The processes started for a scratch folder, noted in it so that whoever comes later can end them. */
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { killGroup } from "./kill-group.ts";
import { identifyProcess, isAlive, readArguments, type ProcessIdentity } from "./process-identity.ts";

const processesFile = "processes.jsonl";
const identitySchema = z.object({ pid: z.int().min(2), startTime: z.string() });

/** Notes a process in the folder. Call it right after its start. */
export function recordProcess(folder: string, pid: number): void {
  const identity = identifyProcess(pid);
  if (identity !== null) appendFileSync(join(folder, processesFile), `${JSON.stringify(identity)}\n`);
}

/**
 * Ends the noted processes that still run, each with its group, and returns them. A process is ended only where its
 * number, its start time and the folder's path among its arguments agree: anything else is somebody else's.
 */
export function killRecorded(folder: string): readonly ProcessIdentity[] {
  const alive = readRecorded(folder).filter(
    (each) => isAlive(each) && readArguments(each.pid).some((argument) => argument.includes(folder)),
  );
  for (const { pid } of alive) killGroup(pid);
  return alive;
}

function readRecorded(folder: string): readonly ProcessIdentity[] {
  let text: string;
  try {
    text = readFileSync(join(folder, processesFile), "utf8");
  } catch {
    return [];
  }
  return text.split("\n").flatMap((line) => {
    try {
      return [identitySchema.parse(JSON.parse(line))];
    } catch {
      // A line cut short by the death of its writer.
      return [];
    }
  });
}
