/** Operations on the host of the guest that all the rest of a scenario happens in. */
import { guestFields, hostFields, type GuestOperationName } from "../../src/operation/host-fields.ts";
import type { Operation } from "../../src/operation/operation.ts";
import type { AgentAnswer } from "../agent/answers.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import type { HostOperation } from "../passthrough/perform-on-host.ts";
import type { HeldMachine } from "./machine-source.ts";

/** Whether an operation happens on the host. */
export const isOnHost = (operation: Operation): operation is HostOperation => operation.op in hostFields;

/** Whether an operation is done to the guest as a whole. */
export const isOfGuest = (
  operation: Operation,
): operation is Extract<Operation, { readonly op: GuestOperationName }> => operation.op in guestFields;

/**
 * Performs what happens on the host, and looks at what the guest notices.
 * @throws {HarnessError} where there is no host, or no answer was had
 */
export async function actOnHost(
  operation: HostOperation,
  { agent, performOnHost }: HeldMachine,
  limit: number,
  signal: AbortSignal,
): Promise<AgentAnswer> {
  if (performOnHost === undefined)
    throw new InfrastructureError({ what: "There is no host that passes functions through" });
  const { result, values, micros } = await performOnHost(operation, signal);
  return { ...(await agent.request("look", {}, signal, limit)), result, values, micros };
}
