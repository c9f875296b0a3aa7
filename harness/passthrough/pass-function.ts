/** A function on its way to a guest: plugged into the host, bound to vfio-pci there, handed to the guest's QEMU. */
import type { HostBackend } from "../../src/trace/host-view.ts";
import type { FunctionProfile } from "../../src/trace/profile.ts";
import type { AgentClient } from "../agent/agent-client.ts";
import type { AgentAnswer } from "../agent/answers.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { deviceId } from "../qemu/device.ts";
import { plugFunction, type PluggedFunction, type Serving } from "../qemu/plug-function.ts";
import type { StartedQemu } from "../qemu/started-qemu.ts";
import { describeToAgent } from "../target/describe-to-agent.ts";
import { scaleTime } from "../wait/with-limit.ts";

/** Limits in milliseconds: for the host to find a function, to bind it, for the guest's QEMU to take it. */
const findLimit = 30_000;
const requestLimit = 60_000;
const takeLimit = 60_000;

/** A function has other numbers on its host than in its guest, so that neither is taken for the other. */
export const onHost = (profile: FunctionProfile): FunctionProfile => ({
  ...profile,
  uid: profile.uid + 0x100,
  fid: profile.fid + 0x100,
});

/** The guest's QEMU's name of its iommufd. */
const iommufdId = "iommufd0";

/** Has the guest's QEMU open what it is to have functions by; a group's container it opens with the function. */
export async function openBackend(guest: StartedQemu, backend: HostBackend, signal: AbortSignal): Promise<void> {
  if (backend !== "iommufd") return;
  await guest.qmp.execute("object-add", { "qom-type": "iommufd", id: iommufdId }, signal, takeLimit);
}

/** Who takes part in passing a function through. */
export interface Passage {
  /** The machine that the host is. */
  readonly outer: StartedQemu;
  /** The guest on it. */
  readonly guest: StartedQemu;
  /** The agent on the host. */
  readonly hostAgent: AgentClient;
  /** By what the guest's QEMU has the function. */
  readonly backend: HostBackend;
}

/**
 * Passes a function through.
 * @throws {InfrastructureError} where the host does not find or bind it, or QEMU does not take it
 */
export async function passFunction(
  { outer, guest, hostAgent, backend }: Passage,
  profile: FunctionProfile,
  serving: Serving,
  signal: AbortSignal,
): Promise<PluggedFunction> {
  const there = onHost(profile);
  const plugged = await plugFunction(outer, there, serving, signal);
  const wait = Math.round(scaleTime(findLimit));
  await ask(hostAgent, "define-function", { ...describeToAgent(there), wait }, signal);
  await ask(hostAgent, "bind", { function: profile.name }, signal);
  const { uid, fid, name } = profile;
  const id = deviceId(profile);
  const take = (fields: Readonly<Record<string, unknown>>): Promise<unknown> =>
    guest.qmp.execute("device_add", fields, signal, takeLimit);
  await take({ driver: "zpci", id: `zpci-${name}`, uid, fid, target: id });
  const host = describeToAgent(there)["address"];
  await take({ driver: "vfio-pci", id, host, ...(backend === "iommufd" ? { iommufd: iommufdId } : {}) });
  // What the host's kernel has said of all this is not of the first operation.
  await ask(hostAgent, "look", {}, signal);
  return plugged;
}

async function ask(
  agent: AgentClient,
  op: string,
  fields: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<AgentAnswer> {
  const answer = await agent.request(op, fields, signal, requestLimit);
  if (answer.result === "OK") return answer;
  throw new InfrastructureError({
    what: `Cannot pass the function through: "${op}" of ${JSON.stringify(fields)} gave ${answer.result} on the host`,
  });
}
