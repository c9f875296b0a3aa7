/** Machines that serve one plan after another: a kernel shared knowingly, as long as nothing speaks against it. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import type { Plan } from "../../src/plan/plan.ts";
import { isServed } from "../../src/trace/device-kinds.ts";
import { findAlarms } from "../agent/alarms.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { ResourceScope } from "../lifecycle/resource-scope.ts";
import { pathBehind, unplugFunction } from "../qemu/plug-function.ts";
import { bootMachine } from "./boot-machine.ts";
import { limitsOf, optionsFor, type EmulatedLimits, type MachineOptions } from "./emulated-options.ts";
import type { BootedMachine, HeldMachine, MachineSource } from "./machine-source.ts";

const statusSchema = z.object({ status: z.string() });

/** A machine between its boot and its end. */
interface SharedMachine {
  readonly booted: BootedMachine;
  /** What its kernel was told. */
  readonly commandLine: string;
  /** Everything that ends with it. */
  readonly scope: ResourceScope;
  /** Scenarios it served, oldest first. */
  readonly served: readonly string[];
  /** How far its console was searched for alarms. */
  readonly searched: number;
}

/** A machine that was ended before its run was. */
export interface RetiredMachine {
  /** Scenarios it served. */
  readonly served: readonly string[];
  readonly why: string;
}

/**
 * Lends machines that have served other plans before, and boots one where none is free: a run has as many as it has plans
 * at a time. One that may have suffered is ended instead of lent again.
 */
export class SharedMachines implements MachineSource {
  readonly #options: MachineOptions;
  readonly #limits: EmulatedLimits;
  readonly #idle: SharedMachine[] = [];
  readonly #retired: RetiredMachine[] = [];

  constructor(options: MachineOptions) {
    this.#options = options;
    this.#limits = limitsOf(options);
  }

  /** The machines that were ended, and why, in order. */
  get retired(): readonly RetiredMachine[] {
    return this.#retired;
  }

  async take(plan: Plan, consoleFile: string | undefined, signal: AbortSignal): Promise<HeldMachine> {
    const { commandLine } = plan.profile.kernel;
    for (let idle = this.#takeIdle(commandLine); idle !== null; idle = this.#takeIdle(commandLine)) {
      const why = await findFault(idle, signal).then(() => null, describeFault);
      if (why !== null) {
        await this.#retire(idle, why);
        continue;
      }
      if (consoleFile !== undefined) idle.booted.machine.console.continueIn(consoleFile);
      return this.#lend(idle, plan, signal);
    }
    await using scope = new ResourceScope();
    const booted = await bootMachine({ options: optionsFor(this.#options, plan), consoleFile, scope, signal });
    return this.#lend({ booted, commandLine, scope: scope.move(), served: [], searched: 0 }, plan, signal);
  }

  /** The machine that was used last of those whose kernel was told the same. */
  #takeIdle(commandLine: string): SharedMachine | null {
    const found = this.#idle.findLastIndex((each) => each.commandLine === commandLine);
    return found < 0 ? null : (this.#idle.splice(found, 1)[0] ?? null);
  }

  /** Ends the machines that nobody holds. */
  async [Symbol.asyncDispose](): Promise<void> {
    await using scope = new ResourceScope();
    for (const [index, idle] of this.#idle.splice(0).entries()) scope.use(`shared machine ${index}`, idle.scope);
  }

  #lend(lent: SharedMachine, plan: Plan, signal: AbortSignal): HeldMachine {
    return {
      ...lent.booted,
      // Only the first had to wait for it.
      phases: lent.served.length === 0 ? lent.booted.phases : {},
      before: lent.served,
      giveBack: async (doubt) => {
        const used = { ...lent, served: [...lent.served, plan.scenario] };
        const why = doubt ?? findUnpluggable(plan) ?? (await this.#cleanUp(used, plan, signal).catch(describeFault));
        if (typeof why === "string") await this.#retire(used, why);
        else this.#idle.push(why);
      },
    };
  }

  /**
   * Takes away everything that a plan had: what its worker holds, its functions and their media, and then the worker, so
   * that the next one sees nothing of it either.
   * @throws {HarnessError} where something of it stays, or the kernel complains
   */
  async #cleanUp(used: SharedMachine, plan: Plan, signal: AbortSignal): Promise<SharedMachine> {
    const { machine, agent, watch } = used.booted;
    const { operation, plug, start } = this.#limits;
    const { result, log } = await agent.request("quit", {}, signal, operation);
    refuse(result === "OK" ? findAlarms(log.map(({ text }) => text)) : [`the worker's end gave ${result}`]);
    for (const each of plan.functions) {
      await unplugFunction(machine, each, signal, plug);
      await rm(pathBehind(machine.folder, each), { force: true });
    }
    agent.expectAnother();
    await watch.restart(signal, start);
    const hello = await agent.waitForHello(AbortSignal.any([signal, watch.workerEnded]), start);
    const searched = await findFault(used, signal);
    machine.console.continueIn(join(machine.folder, "console.log"));
    return { ...used, searched, booted: { ...used.booted, hello } };
  }

  async #retire({ served, scope }: SharedMachine, why: string): Promise<void> {
    this.#retired.push({ served, why });
    await scope[Symbol.asyncDispose]();
  }
}

/** Why the functions of a plan cannot be taken away again; null where they can (docs/discoveries/0006). */
function findUnpluggable({ functions }: Plan): string | null {
  const served = functions.find(isServed);
  return served === undefined
    ? null
    : `QEMU does not survive the unplugging of "${served.name}", a vfio-user function`;
}

/** How far the console of a machine was searched where nothing is wrong; throws what is. */
async function findFault({ booted, searched }: SharedMachine, signal: AbortSignal): Promise<number> {
  const { machine } = booted;
  const { status } = statusSchema.parse(await machine.qmp.execute("query-status", {}, signal));
  refuse(status === "running" ? [] : [`the machine is ${status}`]);
  const { position } = machine.console;
  refuse(findAlarms(machine.console.textFrom(searched).split(/\r?\n/u)));
  return position;
}

function refuse([fault]: readonly string[]): void {
  if (fault !== undefined) throw new InfrastructureError({ what: `Cannot use the machine again: ${fault}` });
}

const describeFault = (error: unknown): string => (error instanceof Error ? error.message : String(error));
