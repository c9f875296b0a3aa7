/** One account of how a machine ended, from a process that exits and a monitor that may have said why. */
import { killGroup } from "../lifecycle/kill-group.ts";
import type { StartedProcess } from "../lifecycle/start-process.ts";
import type { QmpClient } from "../qmp/qmp-client.ts";
import { withLimit } from "../wait/with-limit.ts";
import type { ConsoleRecorder } from "./console-recorder.ts";
import type { MachineEnd } from "./started-qemu.ts";
import type { TailText } from "./tail-text.ts";

/** Limit for the console of an ended QEMU to be read out, in milliseconds. */
const consoleLimit = 1_000;

/** What is known of a machine's end. */
export interface EndSources {
  readonly process: StartedProcess;
  readonly qmp: QmpClient;
  readonly console: ConsoleRecorder;
  readonly stderr: TailText;
}

/**
 * Resolves when the machine is no more; one whose guest has ended is ended here. What the guest said before is in the
 * console by then: QEMU writes it out before it tells of the end, and the console is read to its own end.
 */
export async function watchEnd({ process, qmp, console, stderr }: EndSources): Promise<MachineEnd> {
  let reason: "panicked" | { readonly poweredOff: string } | null = null;
  const stop = qmp.subscribe(({ event, data }) => {
    if (event === "GUEST_PANICKED") reason = "panicked";
    else if (event === "SHUTDOWN")
      reason ??= { poweredOff: typeof data["reason"] === "string" ? data["reason"] : "unknown" };
    else return;
    if (process.pid !== undefined) killGroup(process.pid);
  });
  const result = await process;
  const never = new AbortController().signal;
  const wait = { what: "the console's end", limit: consoleLimit, signal: never };
  await withLimit(wait, () => console.ended).catch(() => undefined);
  stop();
  return makeEnd(reason);

  // A function of its own: the compiler does not see that the subscription assigns.
  function makeEnd(why: typeof reason): MachineEnd {
    if (why === "panicked") return { kind: "panicked", console: console.textFrom(0) };
    if (why !== null) return { kind: "powered-off", reason: why.poweredOff };
    const { exitCode, signal } = result;
    return { kind: "exited", code: exitCode ?? null, signal: signal ?? null, stderr: stderr.textFrom(0) };
  }
}
