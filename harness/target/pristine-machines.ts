import type { Plan } from "../../src/plan/plan.ts";
import { ResourceScope } from "../lifecycle/resource-scope.ts";
import { bootMachine } from "./boot-machine.ts";
import { optionsFor, type MachineOptions } from "./emulated-options.ts";
import type { HeldMachine, MachineSource } from "./machine-source.ts";

/** A kernel of its own for every plan: booted or thawed when it is wanted, ended after. */
export class PristineMachines implements MachineSource {
  readonly #options: MachineOptions;

  constructor(options: MachineOptions) {
    this.#options = options;
  }

  async take(plan: Plan, consoleFile: string | undefined, signal: AbortSignal): Promise<HeldMachine> {
    await using scope = new ResourceScope();
    const booted = await bootMachine({ options: optionsFor(this.#options, plan), consoleFile, scope, signal });
    const kept = scope.move();
    return { ...booted, before: [], giveBack: () => kept[Symbol.asyncDispose]() };
  }

  /** Nothing to end: every machine is held. */
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
