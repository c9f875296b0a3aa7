/** The `emulated` bench: a kernel in a QEMU for every plan, a pristine one where nothing else is asked for. */
import type { Plan } from "../../src/plan/plan.ts";
import type { Target } from "../../src/target/target.ts";
import { traitsOf } from "../../src/trace/device-kinds.ts";
import type { FunctionProfile, Profile } from "../../src/trace/profile.ts";
import type { AgentClient } from "../agent/agent-client.ts";
import { Observer } from "../agent/observe.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { ResourceScope } from "../lifecycle/resource-scope.ts";
import { readBlock } from "../qemu/medium.ts";
import { plugFunction, type PluggedFunction } from "../qemu/plug-function.ts";
import { Laps } from "../wait/laps.ts";
import { scaleTime } from "../wait/with-limit.ts";
import type { FunctionDefinition } from "../vfio-user/function-definition.ts";
import { loadFunction } from "../vfio-user/load-function.ts";
import { startRelay } from "../vfio-user/relay/start-relay.ts";
import type { RelayTo } from "../vfio-user/serve-function.ts";
import { limitsOf, optionsFor, type EmulatedTargetOptions, type MachineOptions } from "./emulated-options.ts";
import { describeToAgent } from "./describe-to-agent.ts";
import { findMachineEnd, makeEndError } from "./machine-failure.ts";
import type { HeldMachine, MachineSource } from "./machine-source.ts";
import { PristineMachines } from "./pristine-machines.ts";
import { ServedFunctions } from "./served-functions.ts";
import { StartedEmulatedTarget } from "./started-emulated.ts";

/** Milliseconds a setup request may take beyond the wait that is part of it. */
const setupMargin = 5_000;

/** Target of the `emulated` bench. */
export class EmulatedTarget implements Target {
  readonly #options: EmulatedTargetOptions;
  readonly #machines: MachineSource;

  constructor(options: EmulatedTargetOptions) {
    this.#options = options;
    this.#machines = options.machines ?? new PristineMachines(options);
  }

  get profile(): Omit<Profile, "functions"> {
    return this.#options.profile;
  }

  /**
   * Takes a machine and gives it the plan's functions and buffers.
   * @throws {HarnessError} where QEMU cannot start, the kernel does not boot, or a function does not come up
   */
  async start(plan: Plan, signal: AbortSignal): Promise<StartedEmulatedTarget> {
    const definitions = await loadFunctions(plan, this.#options.definitions);
    const held = await this.#machines.take(plan, this.#options.consoleFile?.(plan), signal);
    try {
      return await this.#setUp(held, plan, definitions, signal);
    } catch (error) {
      const end = await findMachineEnd(error, held.machine);
      // What went wrong first is what is told.
      await held.giveBack("it could not be set up").catch(() => undefined);
      throw end === null ? error : makeEndError(`Cannot set up scenario "${plan.scenario}"`, end);
    }
  }

  async #setUp(
    held: HeldMachine,
    plan: Plan,
    definitions: ReadonlyMap<string, FunctionDefinition>,
    signal: AbortSignal,
  ): Promise<StartedEmulatedTarget> {
    const limits = limitsOf(this.#options);
    const plugged = new Map<string, PluggedFunction>();
    const served = new ServedFunctions();
    const observer = new Observer(plan, (name, block) => {
      const { medium = null, witness = null } = plugged.get(name) ?? {};
      return Promise.resolve(witness?.readBlock(block) ?? (medium === null ? null : readBlock(medium, block)));
    });
    await using scope = new ResourceScope();
    const own = scope.use("functions that are served", new ResourceScope());
    const relayTo = raisesInterrupts(plan) ? relayBy(this.#options) : null;
    const plug = async (profile: FunctionProfile, until: AbortSignal): Promise<void> => {
      const serving = { definition: definitions.get(profile.name), relayTo, scope: own };
      const each = await (held.plug?.(profile, serving, until) ??
        plugFunction(held.machine, profile, serving, until));
      plugged.set(profile.name, each);
      if (each.served !== null) served.add(profile.name, { served: each.served, witness: each.witness });
    };
    const laps = new Laps();
    const fromStart = plan.functions.filter((each) => !traitsOf(each).pluggedLate);
    for (const each of fromStart) await plug(each, signal);
    await define({ functions: fromStart, buffers: plan.buffers }, held.agent, observer, limits.plug, signal, "there");
    laps.end("plug");
    const { profile } = optionsFor(this.#options, plan);
    const { kernel, qemu } = profile;
    return new StartedEmulatedTarget({
      held,
      observer,
      limits,
      served,
      plug,
      introduce: async (until) => {
        await define(plan, held.agent, observer, limits.plug, until, "perhaps");
        return held.agent.request("look", {}, until, limits.operation);
      },
      ending: scope.move(),
      phases: { ...held.phases, ...laps.phases },
      // What runs, as it says itself.
      profile: {
        ...profile,
        kernel: { ...kernel, version: held.hello.kernel },
        qemu: { ...qemu, version: held.machine.version },
        ...(plan.profile.host === undefined ? {} : { host: plan.profile.host }),
        functions: plan.functions,
        ...(held.before.length === 0 ? {} : { kernelUsedBy: held.before }),
      },
    });
  }
}

const raisesInterrupts = ({ steps }: Plan): boolean =>
  steps.some(({ operation: { op } }) => op === "interrupt" || op === "interrupts-enable" || op === "drive");

/** Relays of a run; a function that raises no interrupts is better off without. */
const relayBy =
  ({ relay: program, scratch }: MachineOptions): RelayTo =>
  (listen, server) => {
    if (program === undefined) throw new InfrastructureError({ what: "Cannot raise interrupts without their relay" });
    return startRelay({ program, listen, server, scratch });
  };

/** What is served for functions of a plan: those that are given, and those that it brings along. */
async function loadFunctions(
  { functions }: Plan,
  given: ReadonlyMap<string, FunctionDefinition> = new Map(),
): Promise<ReadonlyMap<string, FunctionDefinition>> {
  const loaded = new Map(given);
  for (const each of functions) if (each.module !== undefined) loaded.set(each.name, await loadFunction(each));
  return loaded;
}

/** Tells the agent the plan's names, all at once; the functions are observed as they come, or as they are. */
async function define(
  plan: Pick<Plan, "functions" | "buffers">,
  agent: AgentClient,
  observer: Observer,
  limit: number,
  signal: AbortSignal,
  functionsAre: "there" | "perhaps",
): Promise<void> {
  const wait = functionsAre === "there" ? Math.round(scaleTime(limit)) : 0;
  const requests = [
    ...plan.buffers.map(({ name, pages }) => ({ op: "define-buffer", fields: { buffer: name, pages } })),
    ...plan.functions.map((each) => ({ op: "define-function", fields: { ...describeToAgent(each), wait } })),
  ];
  if (requests.length === 0) return;
  // What the last one waits for is what all of them do.
  const last = requests.length - 1;
  const answers = agent.requestAll(
    requests.map(({ op, fields }, index) => ({
      op,
      fields: index < last ? { ...fields, quick: true, more: true } : fields,
    })),
  );
  for (const [index, { op, fields }] of requests.entries()) {
    const answer = await answers[index]?.(signal, limit + setupMargin);
    if (answer?.result !== "OK" && !(functionsAre === "perhaps" && answer?.result === "ETIMEDOUT")) {
      const request = `"${op}" of ${JSON.stringify(fields)}`;
      throw new InfrastructureError({ what: `Cannot set up the machine: ${request} gave ${answer?.result}` });
    }
    observer.look(answer.functions);
  }
}
