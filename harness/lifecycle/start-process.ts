/** Processes that end when this one ends. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import type { Scratch } from "./scratch.ts";

/** Limit for a killed process to be gone, in milliseconds. */
export const killLimit = 5_000;

const options = {
  // Its own session: Ctrl-C in the terminal is for the harness, and the whole group can be ended at once.
  detached: true,
  cleanup: false,
  stdin: "ignore",
  stdout: "ignore",
  stderr: "pipe",
  // Output is bounded by whoever reads it, not by ending the process.
  buffer: false,
  reject: false,
} as const;

const run = (program: string, args: readonly string[], env: Readonly<Record<string, string>>) =>
  execa(program, args, { ...options, env });

const runTalking = (program: string, args: readonly string[]) =>
  execa(program, args, { ...options, stdin: "pipe", stdout: "pipe" });

/** A started process; its promise resolves when it has ended and never rejects. */
export type StartedProcess = ReturnType<typeof run>;

/** A started process that is talked with, by its standard input and output. */
export type TalkingProcess = ReturnType<typeof runTalking>;

/**
 * Starts a process in a session of its own and notes it in the scratch folder.
 *
 * It dies with the harness even where the harness is killed outright: setpriv (util-linux) sets PR_SET_PDEATHSIG, which
 * survives exec, on any version of QEMU. Where setpriv is missing, or a wrapper script stays between, the reaper of the
 * next run ends what was left.
 */
export function startProcess(
  argv: readonly [string, ...string[]],
  environment: Readonly<Record<string, string>>,
  scratch: Scratch,
): StartedProcess {
  const [program, ...args] = [...dieWithParent(), ...argv] as [string, ...string[]];
  const started = run(program, args, environment);
  if (started.pid !== undefined) scratch.recordProcess(started.pid);
  return started;
}

/** Starts a process as `startProcess` does, to be talked with. */
export function startTalkingProcess(argv: readonly [string, ...string[]], scratch: Scratch): TalkingProcess {
  const [program, ...args] = [...dieWithParent(), ...argv] as [string, ...string[]];
  const started = runTalking(program, args);
  if (started.pid !== undefined) scratch.recordProcess(started.pid);
  return started;
}

let prefix: readonly string[] | null = null;

function dieWithParent(): readonly string[] {
  if (prefix !== null) return prefix;
  const found = (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => join(folder, "setpriv"))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
  prefix = found === undefined ? [] : [found, "--pdeathsig", "KILL", "--"];
  return prefix;
}
