/** The ends of a guest, as its host sees them. */
import * as z from "zod";
import type { GuestEndName } from "../../src/operation/host-fields.ts";
import type { FunctionProfile } from "../../src/trace/profile.ts";
import type { AgentClient } from "../agent/agent-client.ts";
import type { AgentAnswer } from "../agent/answers.ts";
import { mergeAnswers } from "../agent/merge-answers.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { deviceId } from "../qemu/device.ts";
import type { StartedQemu } from "../qemu/started-qemu.ts";
import { retryUntil } from "../wait/retry-until.ts";
import { withLimit } from "../wait/with-limit.ts";

/** Limits in milliseconds: for the host to have its functions back, for the guest's machine to be reset, for the host's agent to look. */
const backLimit = 60_000;
const resetLimit = 60_000;
const lookLimit = 60_000;

/** Where QEMU has devices that were given a name. */
const devices = "/machine/peripheral";
const namesSchema = z.array(z.object({ name: z.string() }));

/** Who takes part. */
export interface EndingGuest {
  readonly guest: Pick<StartedQemu, "qmp">;
  readonly hostAgent: AgentClient;
  readonly functions: readonly FunctionProfile[];
}

/** Ends a guest, and says what the host's agent saw meanwhile. */
type End = (ending: EndingGuest, signal: AbortSignal) => Promise<AgentAnswer>;

/**
 * Ends a guest's QEMU: its host then has back all functions, and until it has resets them.
 * @throws {HarnessError} where it does not end, or a function stays open
 */
const kill: End = async ({ guest: { qmp }, hostAgent, functions }, signal) => {
  // The answer may not come any more.
  await qmp.execute("quit", {}, signal).catch(() => undefined);
  signal.throwIfAborted();
  return lookUntilBack(hostAgent, functions, signal);
};

/**
 * Resets a guest's machine, as a reboot does, and leaves it there: what starts anew would change what the reset left.
 * @throws {HarnessError} where it is not reset, or a function that the guest has lost stays open
 */
const reset: End = async ({ guest: { qmp }, hostAgent, functions }, signal) => {
  await qmp.execute("stop", {}, signal);
  await resetMachine(qmp, signal);
  const left = namesSchema.parse(await qmp.execute("qom-list", { path: devices }, signal)).map(({ name }) => name);
  const lost = functions.filter((profile) => !left.includes(deviceId(profile)));
  return lookUntilBack(hostAgent, lost, signal);
};

/**
 * Resets a guest's machine, which then goes on where it ran; from outside, or by what the guest does.
 * @throws {HarnessError} where it is not reset
 */
export async function resetMachine(
  qmp: StartedQemu["qmp"],
  signal: AbortSignal,
  reset: () => Promise<unknown> = () => qmp.execute("system_reset", {}, signal),
): Promise<void> {
  // Guests are started to end where others start anew.
  await qmp.execute("set-action", { reboot: "reset" }, signal);
  const wait = { what: "the guest's machine to be reset", limit: resetLimit, signal };
  await withLimit(wait, async () => {
    const told = new Promise<void>((resolve) => {
      qmp.subscribe(({ event }) => {
        if (event === "RESET") resolve();
      });
    });
    await reset();
    await told;
  });
}

/** The ends that a guest may have. */
export const endings: Readonly<Record<GuestEndName, End>> = { "guest-kill": kill, "guest-reset": reset };

/** What the host's agent sees until nobody has the functions open any more. */
async function lookUntilBack(
  hostAgent: AgentClient,
  functions: readonly FunctionProfile[],
  signal: AbortSignal,
): Promise<AgentAnswer> {
  const names = functions.map(({ name }) => name);
  let seen: AgentAnswer | null = null;
  return retryUntil({ what: "the host to have its functions back", limit: backLimit, signal }, async () => {
    const now = await hostAgent.request("look", {}, signal, lookLimit);
    seen = seen === null ? now : mergeAnswers(seen, now);
    const open = names.filter((name) => (now.functions[name]?.counters ?? null) !== null);
    if (open.length === 0) return seen;
    throw new InfrastructureError({ what: `Function "${open[0] ?? ""}" is still open on the host` });
  });
}
