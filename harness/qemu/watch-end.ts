/** One account of how a machine ended, from a process that exits and a monitor that may have said why. */
import { killGroup } from "../lifecycle/kill-group.ts";
import type { StartedProcess } from "../lifecycle/start-process.ts";
import type { QmpClient } from "../qmp/qmp-client.ts";
import { withLimit } from "../wait/with-limit.ts";
import type { ConsoleRecorder } from "./console-recorder.ts";
import type { MachineEnd } from "./started-qemu.ts";
import type { TailText } from "./tail-text.ts";

/** Limit for QEMU to exit by itself after the guest ended, and for its console to be read out, in milliseconds. */
const farewellLimit = 1_000;

/** What is known of a machine's end. */
export interface EndSources {
  readonly process: StartedProcess;
  readonly qmp: QmpClient;
  readonly console: ConsoleRecorder;
  readonly stderr: TailText;
}

/**
 * Resolves when the machine is no more. A panicked guest has said its last words on the console by then: QEMU exits
 * after the panic, and the console is read to its end.
 */
export async function watchEnd({ process, qmp, console, stderr }: EndSources): Promise<MachineEnd> {
  let reason: "panicked" | { readonly poweredOff: string } | null = null;
  const never = new AbortController().signal;
  const stop = qmp.subscribe(({ event, data }) => {
    if (event === "GUEST_PANICKED") reason = "panicked";
    else if (event === "SHUTDOWN")
      reason ??= { poweredOff: typeof data["reason"] === "string" ? data["reason"] : "unknown" };
    else return;
    withLimit({ what: "QEMU to exit", limit: farewellLimit, signal: never }, async () => process).catch(() => {
      if (process.pid !== undefined) killGroup(process.pid);
    });
  });
  const result = await process;
  await withLimit({ what: "the console's end", limit: farewellLimit, signal: never }, () => console.ended).catch(
    () => undefined,
  );
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
