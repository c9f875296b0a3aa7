/** Coming to an emulated host: by SSH and nothing else, as to a real one. */
import { AgentClient } from "../agent/agent-client.ts";
import type { ResourceScope } from "../lifecycle/resource-scope.ts";
import type { StartedQemu } from "../qemu/started-qemu.ts";
import { SshClient } from "../ssh/ssh-client.ts";
import type { SshHost } from "../ssh/ssh-host.ts";
import { giveIdentity } from "../template/freeze-agent.ts";
import { retryUntil } from "../wait/retry-until.ts";
import { findSshPort } from "./find-port.ts";
import { hostPaths } from "./guest-machine.ts";
import { describeEmulatedHost, type TemplateKeys } from "./template-keys.ts";

/** Limits in milliseconds: for an attempt to connect, for an agent to start and to answer. */
const attemptLimit = 60_000;
const agentLimit = 30_000;

/** How the host in a machine is reached. */
export async function locateHost(machine: StartedQemu, keys: TemplateKeys, signal: AbortSignal): Promise<SshHost> {
  return describeEmulatedHost(keys, await findSshPort(machine.qmp, signal));
}

/**
 * Connects to a host that is up.
 * @throws {HarnessError} where it does not let us in
 */
export const connectToHost = (host: SshHost, signal: AbortSignal): Promise<SshClient> =>
  SshClient.connect(host, signal, { connect: attemptLimit, open: attemptLimit });

/**
 * Connects to a host that boots: there is nobody to tell when its SSH server listens.
 * @throws {HarnessError} where it does not within the limit, in milliseconds
 */
export async function awaitHost(host: SshHost, limit: number, signal: AbortSignal): Promise<SshClient> {
  return retryUntil({ what: "the host's SSH server", limit, signal }, () => connectToHost(host, signal));
}

/**
 * Starts the agent on a host and gives the host numbers and a clock of its own.
 * @throws {HarnessError} where it does not answer
 */
export async function startHostAgent(
  client: SshClient,
  scope: ResourceScope,
  signal: AbortSignal,
): Promise<AgentClient> {
  const agent = scope.use("host's agent", new AgentClient(await client.start([hostPaths.agent, "--stdio"], signal)));
  await agent.waitForHello(signal, agentLimit);
  await giveIdentity(agent, signal, agentLimit);
  return agent;
}
