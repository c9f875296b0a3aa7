/** Clones as scenarios get them, to be looked at instead of used. */
import { InfrastructureError } from "../errors/harness-error.ts";
import type { ResourceScope } from "../lifecycle/resource-scope.ts";
import type { Scratch } from "../lifecycle/scratch.ts";
import { describeMachineOn, supplyTemplatesFor } from "../run/emulated-bench.ts";
import { bootMachine } from "../target/boot-machine.ts";
import type { BootedMachine } from "../target/machine-source.ts";
import type { BenchContext } from "./bench-context.ts";

/** Thaws a clone, which ends with the scope; resolves when its agent has answered. */
export type ThawClone = (scope: ResourceScope) => Promise<BootedMachine>;

/** A way to clones of a memory size; its template is there when this resolves. */
export async function prepareClones(
  memoryMiB: number,
  scratch: Scratch,
  { assets, report, signal }: BenchContext,
): Promise<ThawClone> {
  const machine = await describeMachineOn(assets, memoryMiB);
  const templates = supplyTemplatesFor(machine, assets, { scratch, report, signal });
  if ((await templates.get()) === null) throw new InfrastructureError({ what: "No template can be had" });
  const options = { ...machine, templates, scratch };
  return async (scope) => {
    const booted = await bootMachine({ options, consoleFile: undefined, scope, signal });
    if (booted.phases["load"] === undefined) throw new InfrastructureError({ what: "The template cannot be thawed" });
    return booted;
  };
}
