/** Operations on the host of the guest that all the rest of a scenario happens in. */
import {
  guestFields,
  hostFields,
  type GuestEndName,
  type GuestOperationName,
} from "../../src/operation/host-fields.ts";
import type { Operation } from "../../src/operation/operation.ts";
import type { AgentAnswer } from "../agent/answers.ts";
import { mergeAnswers } from "../agent/merge-answers.ts";
import { retryUntil } from "../wait/retry-until.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import type { HostOperation } from "../passthrough/perform-on-host.ts";
import type { HeldMachine } from "./machine-source.ts";

/** Whether an operation happens on the host. */
export const isOnHost = (operation: Operation): operation is HostOperation => operation.op in hostFields;

/** Whether an operation is done to the guest as a whole. */
export const isOfGuest = (
  operation: Operation,
): operation is Extract<Operation, { readonly op: GuestOperationName }> => operation.op in guestFields;

/** Whether an operation ends the guest. */
export const isEndOfGuest = (operation: Operation): operation is Extract<Operation, { readonly op: GuestEndName }> =>
  isOfGuest(operation) && operation.op !== "guest-reboot";

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
  const look = (): Promise<AgentAnswer> => agent.request("look", {}, signal, limit);
  const isHeld = operation.op === "host-remove";
  // What the guest does about it waits until its device is closed, and is not to be waited for.
  if (isHeld) await agent.request("unplug", { function: operation.function }, signal, limit);
  const { result, values, micros } = await performOnHost(operation, signal);
  const seen = isHeld ? await lookUntilAsked(operation.function, look, limit, signal) : await look();
  return { ...seen, result, values, micros };
}

/** The guest is asked for a function that somebody holds: its driver is the first to go. */
async function lookUntilAsked(
  name: string,
  look: () => Promise<AgentAnswer>,
  limit: number,
  signal: AbortSignal,
): Promise<AgentAnswer> {
  let seen: AgentAnswer | null = null;
  return retryUntil({ what: `the guest to be asked for "${name}"`, limit, signal }, async () => {
    const now = await look();
    seen = seen === null ? now : mergeAnswers(seen, now);
    if (seen.functions[name]?.driver === null) return seen;
    throw new InfrastructureError({ what: `Function "${name}" still has its driver in the guest` });
  });
}
