import type { AgentClient } from "../agent/agent-client.ts";
import type { AgentAnswer } from "../agent/answers.ts";
import { mergeAnswers } from "../agent/merge-answers.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import type { StartedQemu } from "../qemu/started-qemu.ts";
import { retryUntil } from "../wait/retry-until.ts";

/** Limits in milliseconds: for the guest's QEMU to be gone, for the host's agent to look. */
const endLimit = 60_000;
const lookLimit = 60_000;

/**
 * Ends a guest's QEMU, and waits until its host has taken back all functions: until then it resets them. What the host's agent saw
 * meanwhile.
 * @throws {HarnessError} where it does not end, or a function stays open
 */
export async function endGuest(
  { qmp }: Pick<StartedQemu, "qmp">,
  hostAgent: AgentClient,
  signal: AbortSignal,
): Promise<AgentAnswer> {
  // The answer may not come any more.
  await qmp.execute("quit", {}, signal).catch(() => undefined);
  signal.throwIfAborted();
  let seen: AgentAnswer | null = null;
  return retryUntil({ what: "the host to have its functions back", limit: endLimit, signal }, async () => {
    const now = await hostAgent.request("look", {}, signal, lookLimit);
    seen = seen === null ? now : mergeAnswers(seen, now);
    const open = Object.entries(now.functions).filter(([, { counters }]) => counters !== null);
    if (open.length === 0) return seen;
    throw new InfrastructureError({ what: `Function "${open[0]?.[0] ?? ""}" is still open on the host` });
  });
}
