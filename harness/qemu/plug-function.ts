/** Hot-plugging: every function comes to a running machine, so that a cold boot and a clone take the same way. */
import { join } from "node:path";
import { isServed } from "../../src/trace/device-kinds.ts";
import type { FunctionProfile } from "../../src/trace/profile.ts";
import type { ResourceScope } from "../lifecycle/resource-scope.ts";
import type { FunctionDefinition } from "../vfio-user/function-definition.ts";
import { ObservedFunction } from "../vfio-user/observed-function.ts";
import type { RelayTo } from "../vfio-user/serve-function.ts";
import { Witness } from "../vfio-user/witness.ts";
import { deviceId, hasMedium, plugCommands, unplugCommands } from "./device.ts";
import { createMedium } from "./medium.ts";
import type { StartedQemu } from "./started-qemu.ts";

/** Limit for a guest to let go of a function, in milliseconds. */
const unplugLimit = 10_000;

/** A function that was plugged into a machine. */
export interface PluggedFunction {
  readonly profile: FunctionProfile;
  /** File of its medium on the host; null for a device without one. */
  readonly medium: string | null;
  /** The function itself, where this process serves it. */
  readonly served: ObservedFunction | null;
  /** What does DMA as the harness tells it; null for any other function. */
  readonly witness: Witness | null;
}

/** How a function that this process serves is served. */
export interface Serving {
  /** What is served; a witness where absent. */
  readonly definition?: FunctionDefinition | undefined;
  /** What its interrupts go by; without, it has none. */
  readonly relayTo?: RelayTo | null | undefined;
  /** Ends what is served; to be disposed after QEMU has let go of the function. */
  readonly scope: ResourceScope;
}

/** Path of what stands behind a function, its medium or its socket, in the machine's folder. */
export const pathBehind = (folder: string, profile: FunctionProfile): string =>
  join(folder, isServed(profile) ? `function-${profile.fid}.sock` : `medium-${profile.fid}.raw`);

/**
 * Plugs a function in and returns as soon as QEMU has it; the guest learns of it by an availability event.
 * @throws {InfrastructureError} with QEMU's words where it refuses
 */
export async function plugFunction(
  machine: StartedQemu,
  profile: FunctionProfile,
  serving: Serving,
  signal: AbortSignal,
): Promise<PluggedFunction> {
  const path = pathBehind(machine.folder, profile);
  if (hasMedium(profile)) await createMedium(path, profile.name);
  const { served, witness } = isServed(profile)
    ? await serve(profile, path, serving)
    : { served: null, witness: null };
  for (const command of plugCommands(profile, path)) {
    await machine.qmp.execute(command.execute, command.arguments, signal);
  }
  return { profile, medium: hasMedium(profile) ? path : null, served, witness };
}

/** Serves a function as long as the scope lasts. */
async function serve(
  { name, device }: FunctionProfile,
  path: string,
  { definition, relayTo = null, scope }: Serving,
): Promise<Pick<PluggedFunction, "served" | "witness">> {
  const what = `function "${name}"`;
  if (definition !== undefined) {
    return {
      served: scope.use(what, await ObservedFunction.serve(definition, path, undefined, relayTo)),
      witness: null,
    };
  }
  const witness = scope.use(what, await Witness.serve(name, path, device, relayTo));
  return { served: witness.function, witness };
}

/**
 * Asks the guest to let go of a function and waits until QEMU has taken it away.
 * @throws {TimeLimitError} where the guest keeps it, for instance because a VFIO user holds it
 */
export async function unplugFunction(
  machine: StartedQemu,
  profile: FunctionProfile,
  signal: AbortSignal,
  limit = unplugLimit,
): Promise<void> {
  const { request, afterwards } = unplugCommands(profile);
  const deleted = machine.qmp.waitForEvent(["DEVICE_DELETED"], {
    limit,
    signal,
    where: (event) => event.data["device"] === deviceId(profile),
  });
  await Promise.all([deleted, machine.qmp.execute(request.execute, request.arguments, signal)]);
  for (const command of afterwards) await machine.qmp.execute(command.execute, command.arguments, signal);
}
