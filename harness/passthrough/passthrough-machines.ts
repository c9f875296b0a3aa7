/** Where machines with a guest on a host come from: clones of one that was frozen with its guest up, or a boot of both. */
import { once } from "node:events";
import type { Plan } from "../../src/plan/plan.ts";
import type { HostBackend } from "../../src/trace/host-view.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { ResourceScope } from "../lifecycle/resource-scope.ts";
import type { Scratch } from "../lifecycle/scratch.ts";
import type { MachineDefinition } from "../qemu/machine.ts";
import { startQemu } from "../qemu/start-qemu.ts";
import type { StartedQemu } from "../qemu/started-qemu.ts";
import type { HeldMachine, MachineSource } from "../target/machine-source.ts";
import type { FreezingRoutine } from "../template/freeze-machine.ts";
import type { TemplateSupply } from "../template/template-supply.ts";
import { cloneOf, thaw } from "../template/template.ts";
import { withLimit } from "../wait/with-limit.ts";
import { Laps } from "../wait/laps.ts";
import type { AgentAnswer } from "../agent/answers.ts";
import { mergeAnswers } from "../agent/merge-answers.ts";
import { connectGuest, meetAgent, type MetAgent } from "./connect-guest.ts";
import { folderOf, guestBootLimit } from "./freeze-host.ts";
import { endings, resetMachine } from "./end-guest.ts";
import { limitEntries } from "./limit-entries.ts";
import { openBackend, passFunction } from "./pass-function.ts";
import { performOnHost } from "./perform-on-host.ts";
import { connectToHost, locateHost, startHostAgent } from "./reach-host.ts";
import { readKeys } from "./template-keys.ts";
import { viewHost } from "./view-host.ts";

/** Limits in milliseconds: for QEMU to connect its sockets, for the host's agent to look. */
const startLimit = 10_000;
const lookLimit = 60_000;
/** Milliseconds for the host's error event to come to the guest's QEMU; one that never does is an answer. */
const stopLimit = 5_000;

/** What machines are made of. */
export interface PassthroughOptions {
  /** The machine that a host is; its initramfs has no keys. */
  readonly host: MachineDefinition;
  /** How a host comes to have its guest up. */
  readonly routine: FreezingRoutine;
  readonly backend: HostBackend;
  readonly scratch: Scratch;
  /** Where clones come from; null where everything is to boot every time. */
  readonly templates: TemplateSupply | null;
}

/** A machine with its guest up, and where the keys of its host are. */
interface UpHost {
  readonly outer: StartedQemu;
  readonly folder: string;
}

/** An error event of the host is on its way to the guest's QEMU, which may stop the guest for it. */
async function awaitStop(stopped: AbortSignal, signal: AbortSignal): Promise<void> {
  if (stopped.aborted) return;
  const wait = { what: "the guest to be stopped", limit: stopLimit, signal };
  await withLimit(wait, (over) => once(stopped, "abort", { signal: over })).catch(() => undefined);
}

/** A host and a guest of its own for every plan. */
export class PassthroughMachines implements MachineSource {
  readonly #options: PassthroughOptions;

  constructor(options: PassthroughOptions) {
    this.#options = options;
  }

  async take(plan: Plan, consoleFile: string | undefined, signal: AbortSignal): Promise<HeldMachine> {
    const { backend, templates } = this.#options;
    await using scope = new ResourceScope();
    const laps = new Laps();
    const { outer, folder } =
      templates === null ? await this.#boot(scope, laps, signal) : await this.#thaw(templates, scope, laps, signal);
    const host = await locateHost(outer, await readKeys(folder), signal);
    const client = scope.use("connection to the host", await connectToHost(host, signal));
    laps.end("ssh");
    const hostAgent = await startHostAgent(client, scope, signal);
    laps.end("host's agent");
    const { dmaEntryLimit } = plan.profile.host ?? {};
    if (dmaEntryLimit !== undefined) await limitEntries(client, dmaEntryLimit, signal);
    const guest = await connectGuest({ client, outer, consoleFile, boot: guestBootLimit, scope, signal });
    laps.end("guest's first answer");
    await openBackend(guest.machine, backend, signal);
    // Ended before its channels are.
    scope.use("host, its channels still there", outer);
    const passage = { outer, guest: guest.machine, hostAgent, backend };
    const kept = scope.move();
    const { functions } = plan;
    // What the host's agent said while an operation was performed belongs to the look after it.
    let said: AgentAnswer | null = null;
    const look = async (until: AbortSignal): Promise<AgentAnswer> => {
      const later = await hostAgent.request("look", {}, until, lookLimit);
      const answer = said === null ? later : mergeAnswers(said, later);
      said = null;
      return answer;
    };
    // Another one after each boot.
    let met: MetAgent = guest;
    return {
      ...{ machine: guest.machine, stopped: guest.stopped, before: [], phases: laps.phases },
      get agent() {
        return met.agent;
      },
      get watch() {
        return met.watch;
      },
      get hello() {
        return met.hello;
      },
      plug: (profile, serving, until) => passFunction(passage, profile, serving, until),
      performOnHost: async (operation, until) => {
        said = await performOnHost({ outer, hostAgent, functions }, operation, until);
        return said;
      },
      endGuest: async (how, until) => {
        said = await endings[how]({ guest: guest.machine, hostAgent, functions }, until);
      },
      rebootGuest: async (by, until) => {
        const { agent, watch } = met;
        const itself = (): Promise<void> => watch.reboot(until, lookLimit);
        await resetMachine(guest.machine.qmp, until, by === "guest" ? itself : undefined);
        // Not before: a worker whose channel ends lets go of what it holds.
        agent[Symbol.dispose]();
        watch[Symbol.dispose]();
        met = await meetAgent({ client, boot: guestBootLimit, scope: kept, signal: until });
      },
      lookAtHost: async (until) => {
        const view = viewHost(await look(until), functions);
        if (view.messages.some((message) => message.includes(" error "))) await awaitStop(guest.stopped, until);
        return view;
      },
      giveBack: () => kept[Symbol.asyncDispose](),
    };
  }

  /** Nothing to end: every machine is held. */
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  async #thaw(templates: TemplateSupply, scope: ResourceScope, laps: Laps, signal: AbortSignal): Promise<UpHost> {
    const { host, scratch } = this.#options;
    const template = await templates.get();
    if (template === null) {
      throw new InfrastructureError({
        what: "Cannot have a host with a guest: none could be frozen",
        remedy: "Run with --boot cold to see a host and its guest boot",
      });
    }
    const outer = scope.use("host", await startQemu(cloneOf(host, template), { scratch, startLimit }, signal));
    laps.end("spawn");
    await thaw(outer, template, signal);
    laps.end("load");
    return { outer, folder: folderOf(template) };
  }

  async #boot(scope: ResourceScope, laps: Laps, signal: AbortSignal): Promise<UpHost> {
    const { host, routine, scratch } = this.#options;
    const folder = await scratch.createFolder("host");
    const machine = (await routine.begin?.(host, folder, scratch)) ?? host;
    const outer = scope.use("host", await startQemu(machine, { scratch, startLimit }, signal));
    await routine.settle(outer, folder, scope, signal);
    laps.end("boot");
    return { outer, folder };
  }
}
