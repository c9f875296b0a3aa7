/** Operations of a scenario that happen on the host of its guest: by the host's agent, or by the machine that the host is. */
import type { Operation } from "../../src/operation/operation.ts";
import type { HostOperationName } from "../../src/operation/host-fields.ts";
import type { FunctionProfile } from "../../src/trace/profile.ts";
import type { AgentClient } from "../agent/agent-client.ts";
import type { AgentAnswer } from "../agent/answers.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { performEvent } from "../target/perform-event.ts";
import { unplugCommands } from "../qemu/device.ts";
import type { StartedQemu } from "../qemu/started-qemu.ts";
import { onHost } from "./pass-function.ts";

/** Milliseconds for an operation; the guest may have a part in it. */
const operationLimit = 120_000;

/** An operation that happens on the host. */
export type HostOperation = Extract<Operation, { readonly op: HostOperationName }>;

/** What the host's agent calls them; what it is not asked for the machine's own monitor does. */
const agentNames = {
  "host-reset-method": "reset-method",
  "host-reset": "sysfs-reset",
  "host-unbind": "unbind",
  "host-recover": "recover",
  "host-remove": "remove",
  "host-await": "await-removal",
  "host-unplug": null,
  "host-lose": null,
} as const satisfies Readonly<Record<HostOperationName, string | null>>;

/** Who takes part. */
export interface OnHost {
  /** The machine that the host is. */
  readonly outer: Pick<StartedQemu, "qmp" | "folder">;
  readonly hostAgent: AgentClient;
  readonly functions: readonly FunctionProfile[];
}

/**
 * Performs an operation on the host.
 * @throws {HarnessError} where no answer was had
 */
export async function performOnHost(
  { outer, hostAgent, functions }: OnHost,
  operation: HostOperation,
  signal: AbortSignal,
): Promise<AgentAnswer> {
  const { op, ...fields } = operation;
  const name = agentNames[op];
  const held = op === "host-remove" ? { held: true } : {};
  if (name !== null) return hostAgent.request(name, { ...fields, ...held }, signal, operationLimit);
  const profile = functions.find((each) => each.name === operation.function);
  if (profile === undefined)
    throw new InfrastructureError({ what: `The plan has no function "${operation.function}"` });
  if (op === "host-lose") return tellHost(onHost(profile).fid, outer, hostAgent, signal);
  const { request } = unplugCommands(onHost(profile));
  await outer.qmp.execute(request.execute, request.arguments, signal);
  // It answers when the host's kernel has handled what it was told, for which the guest has to have let go.
  return hostAgent.request("look", {}, signal, operationLimit);
}

/** Tells the host's kernel that a function was taken from it, which no QEMU does unasked: as if the platform had. */
const tellHost = (
  fid: number,
  machine: OnHost["outer"],
  agent: AgentClient,
  signal: AbortSignal,
): Promise<AgentAnswer> =>
  performEvent(
    { op: "event", function: "", code: "0x0304", stale: false },
    {
      ...{ machine, agent, limit: operationLimit, signal, fid },
      // Another kernel than the one that the scenario is about, and it may lie elsewhere each time.
      kernel: { digest: "", commandLine: "" },
      functionOf: () => null,
      perform: () => agent.request("event", {}, signal, operationLimit),
    },
  );
