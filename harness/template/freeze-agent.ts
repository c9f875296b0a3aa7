/** Freezing a machine whose one program is the agent: it is frozen waiting for its first request. */
import { randomBytes } from "node:crypto";
import { AgentClient } from "../agent/agent-client.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { portOf } from "../qemu/started-qemu.ts";
import type { FreezingRoutine } from "./freeze-machine.ts";

/** Limits in milliseconds: for a kernel to boot, an agent to answer. */
const bootLimit = 60_000;
const answerLimit = 10_000;

/** The routine for a machine whose agent's worker is at that port. */
export const freezeAgent = (port: string): FreezingRoutine => ({
  settle: async (machine, _, scope, signal) => {
    const agent = scope.use("agent's channel", new AgentClient(portOf(machine, port), machine.pid));
    const hello = await agent.waitForHello(signal, bootLimit);
    // The pages and directory entries that a first request needs are there then, and are not for every clone to fetch anew.
    await giveIdentity(agent, signal);
    return hello;
  },
  tryOut: async (clone, _, signal) => {
    using agent = new AgentClient(portOf(clone, port), clone.pid);
    await giveIdentity(agent, signal);
  },
});

/** Random numbers and the time: the first thing that is asked of a clone's agent. */
export async function giveIdentity(agent: AgentClient, signal: AbortSignal, limit = answerLimit): Promise<void> {
  const seed = { bytes: randomBytes(64).toString("hex"), time: String(Math.floor(Date.now() / 1000)) };
  const { result } = await agent.request("seed", seed, signal, limit);
  if (result !== "OK") throw new InfrastructureError({ what: `Its agent answers with ${result}` });
}
