/** Which process a number meant: numbers are reused, start times are not. */
import { readFileSync, readlinkSync } from "node:fs";

/** A process, told apart from any later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in clock ticks after boot, field 22 of /proc/PID/stat. */
  readonly startTime: string;
}

/** The process that has this number now, or null where there is none. */
export function identifyProcess(pid: number): ProcessIdentity | null {
  const fields = readStat(pid);
  const startTime = fields?.[19];
  return startTime === undefined ? null : { pid, startTime };
}

/** Whether that very process still runs; a zombie does not. */
export function isAlive(identity: ProcessIdentity): boolean {
  const fields = readStat(identity.pid);
  return fields !== null && fields[19] === identity.startTime && fields[0] !== "Z" && fields[0] !== "X";
}

/** The arguments a process was started with, empty where it is gone. */
export function readArguments(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
}

/** Where process numbers mean what they mean here: this boot of this machine, this PID namespace. */
export function readProcessRealm(): string {
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return `${boot} ${readlinkSync("/proc/self/ns/pid")}`;
}

/**
 * Fields of /proc/PID/stat from the third (state) on, null where the process is gone; the second may hold spaces and
 * parentheses.
 */
export function readStat(pid: number): readonly string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}
