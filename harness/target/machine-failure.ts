/** What lies behind a wait that failed: more often than not, the machine. */
import { ClosedError } from "../errors/harness-error.ts";
import { describeEnd } from "../qemu/describe-end.ts";
import { EndError } from "../qemu/end-error.ts";
import type { MachineEnd, StartedQemu } from "../qemu/started-qemu.ts";
import { escapeText } from "../report/escape.ts";
import { withLimit } from "../wait/with-limit.ts";

/** Limit for a machine that closed its channels to be gone, in milliseconds. */
const endLimit = 3_000;
/** Characters of a console that an error shows. */
const shownCharacters = 2_000;

/** How the machine ended, where that is why the error came about; its channels close a moment before it is gone. */
export async function findMachineEnd(error: unknown, machine: StartedQemu): Promise<MachineEnd | null> {
  const closed = error instanceof ClosedError || (error instanceof Error && error.cause instanceof ClosedError);
  return closed ? waitForEnd(machine) : null;
}

/** How a machine that is about to end ended; null where it does not. */
export async function waitForEnd(machine: StartedQemu): Promise<MachineEnd | null> {
  const signal = new AbortController().signal;
  const wait = { what: "the end of a machine that is about to end", limit: endLimit, signal };
  return withLimit(wait, () => machine.ended).catch(() => null);
}

/** The error of a machine that ended while something was wanted from it; a panicked guest's last words are its cause. */
export function makeEndError(what: string, end: MachineEnd): EndError {
  const problem = { what: `${what}: QEMU ${describeEnd(end)}` };
  if (end.kind !== "panicked") return new EndError(end, problem);
  const words = escapeText(end.console).trim().slice(-shownCharacters);
  return new EndError(end, { ...problem, cause: new Error(`the console's end:\n${words}`) });
}
