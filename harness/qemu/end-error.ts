/** The error of a machine that ended while something was wanted from it, and whether the machine is to blame. */
import { InfrastructureError, type Problem } from "../errors/harness-error.ts";
import type { MachineEnd } from "./started-qemu.ts";

/** Signals by which somebody ends a program that did nothing wrong: a person, the kernel that is out of memory. */
const foreignSignals: readonly string[] = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGKILL", "SIGTERM"];
/** What QEMU, and the libraries under it, say where the host has no memory left for them. */
const shortage =
  /cannot allocate memory|(?:failed|unable) to allocate|could not allocate|qemu_thread_create: resource temporarily/i;

/** An error that is the end of a machine. */
export class EndError extends InfrastructureError {
  readonly end: MachineEnd;

  constructor(end: MachineEnd, problem: Problem) {
    super(problem);
    this.end = end;
  }
}

/** Whether an error says nothing of what was run: somebody ended its QEMU, or the host had no memory for it. */
export const isAccident = (error: unknown): boolean =>
  error instanceof EndError &&
  error.end.kind === "exited" &&
  (foreignSignals.includes(error.end.signal ?? "") || shortage.test(error.end.stderr));
