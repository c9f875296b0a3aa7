/** What the host says of processes. */
import { readdirSync, readFileSync } from "node:fs";
import { readArguments, readStat } from "../lifecycle/process-identity.ts";

/** Ticks of a second in /proc, on every architecture that Node runs on. */
const ticksPerSecond = 100;

/** Processes that have one of these paths among their arguments. */
export function findProcessesOf(paths: readonly string[]): readonly number[] {
  return listProcesses().filter((pid) =>
    readArguments(pid).some((argument) => paths.some((path) => argument.includes(path))),
  );
}

/** Bytes that a process, with whatever runs in its group, has to itself: nobody else maps those pages. */
export function readPrivateBytes(leader: number): number {
  const members = listProcesses().filter((pid) => Number(readStat(pid)?.[2]) === leader);
  return members.reduce((sum, pid) => sum + sumPrivate(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8")), 0);
}

/** Private_Clean and Private_Dirty of a smaps_rollup, in bytes. */
export const sumPrivate = (rollup: string): number =>
  [...rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(?<kibibytes>\d+) kB$/gmu)].reduce(
    (sum, { groups }) => sum + Number(groups?.["kibibytes"]) * 1024,
    0,
  );

/** Seconds of processor time that children took which have ended and were waited for, with theirs. */
export const readChildrenSeconds = (): number => childrenSecondsOf(readStat(process.pid) ?? []);

/** The same out of the fields of a process's stat, from its state on. */
export const childrenSecondsOf = (fields: readonly string[]): number =>
  (Number(fields[13]) + Number(fields[14])) / ticksPerSecond;

const listProcesses = (): readonly number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/u.test(name))
    .map(Number);
