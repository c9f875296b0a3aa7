/** A machine that performs a plan's operations, until the first thing that goes wrong. */
import { performance } from "node:perf_hooks";
import * as z from "zod";
import type { Operation } from "../../src/operation/operation.ts";
import type { Performed, Phases, StartedTarget } from "../../src/target/target.ts";
import type { FunctionProfile, Profile } from "../../src/trace/profile.ts";
import { findAlarms } from "../agent/alarms.ts";
import type { AgentAnswer } from "../agent/answers.ts";
import { mergeAnswers } from "../agent/merge-answers.ts";
import type { Observer } from "../agent/observe.ts";
import { InfrastructureError, TimeLimitError } from "../errors/harness-error.ts";
import { unplugCommands } from "../qemu/device.ts";
import type { StartedQemu } from "../qemu/started-qemu.ts";
import { QmpRefusal } from "../qmp/qmp-client.ts";
import { escapeText } from "../report/escape.ts";
import { actOnHost, isOnHost } from "./act-on-host.ts";
import { describeToAgent } from "./describe-to-agent.ts";
import { findMachineEnd, makeEndError, waitForEnd } from "./machine-failure.ts";
import type { EmulatedLimits } from "./emulated-options.ts";
import { examineSilence } from "./examine-silence.ts";
import type { HeldMachine } from "./machine-source.ts";
import { scaleTime, withLimit } from "../wait/with-limit.ts";
import { performAnswered } from "./perform-answered.ts";
import { performDuring } from "./perform-during.ts";
import { performEvent } from "./perform-event.ts";
import type { ServedFunctions } from "./served-functions.ts";

/** What the functions that this process serves may reach is observed; how they were told of it is evidence. */
function addDevices({ observation, evidence }: Performed, served: ServedFunctions): Performed {
  const devices = served.takeViews();
  if (devices === null) return { observation, evidence };
  return {
    observation: { ...observation, devices },
    evidence: { ...evidence, raw: { answer: evidence.raw, witnesses: served.takeEvents() } },
  };
}

/** What the agent is told of an event: the function that it takes away, if it does. */
const takesAway = ({ code, function: name }: Extract<Operation, { op: "event" }>): Record<string, string> =>
  code === "0x0303" || code === "0x0304" ? { function: name } : {};

const statusSchema = z.object({ status: z.string() });

/** What a started target is made of. */
export interface EmulatedParts {
  readonly profile: Profile;
  readonly held: HeldMachine;
  readonly observer: Observer;
  readonly limits: EmulatedLimits;
  readonly phases: Phases;
  readonly served: ServedFunctions;
  /** Plugs in a function that was not there from the start. */
  readonly plug: (profile: FunctionProfile, signal: AbortSignal) => Promise<void>;
  /** Ends what serves the functions; after the machine has let go of them. */
  readonly ending: AsyncDisposable;
}

/** A started target of the `emulated` bench. */
export class StartedEmulatedTarget implements StartedTarget {
  readonly profile: Profile;
  readonly phases: Phases;
  readonly machine: StartedQemu;
  readonly #held: HeldMachine;
  readonly #observer: Observer;
  readonly #limits: EmulatedLimits;
  readonly #served: ServedFunctions;
  readonly #plug: EmulatedParts["plug"];
  readonly #ending: AsyncDisposable;
  /** Where in the console the last answer left off: what comes after belongs to what is done next. */
  #seen: number;
  #broken: string | null = null;
  /** Why the kernel can serve nobody else, though it answers. */
  #doubt: string | null = null;

  constructor(parts: EmulatedParts) {
    this.profile = parts.profile;
    this.phases = parts.phases;
    this.machine = parts.held.machine;
    this.#held = parts.held;
    this.#observer = parts.observer;
    this.#limits = parts.limits;
    this.#served = parts.served;
    this.#plug = parts.plug;
    this.#ending = parts.ending;
    this.#seen = this.machine.console.position;
  }

  /**
   * Performs an operation. A guest that panics, and a call that never returns, are answers; the target is broken after.
   * @throws {HarnessError} where no answer was had, and ever after the first failure
   */
  async perform(operation: Operation, signal: AbortSignal): Promise<Performed> {
    if (this.#broken !== null) {
      throw new InfrastructureError({
        what: `Cannot perform "${operation.op}": the target is broken: ${this.#broken}`,
      });
    }
    const began = performance.now();
    try {
      const { stopped, watch } = this.#held;
      const until = AbortSignal.any([signal, watch.workerEnded, ...(stopped === undefined ? [] : [stopped])]);
      if (operation.op === "guest-kill") return await this.#killGuest(began, signal);
      const answer = await this.#settle(await this.#ask(operation, until), until);
      const seen = addDevices(await this.#observer.observe(operation, answer), this.#served);
      const performed = await this.#addHost(seen, until);
      this.#served.check();
      const [alarm] = performed.observation.alarms;
      if (alarm !== undefined) this.#doubt ??= `its kernel said: ${alarm}`;
      this.#seen = this.machine.console.position;
      return performed;
    } catch (error) {
      this.#broken = error instanceof Error ? error.message : `"${operation.op}" failed`;
      return await this.#explain(operation, error, began, signal);
    }
  }

  /** The guest is no more: what is left to be seen is its host's. */
  async #killGuest(began: number, signal: AbortSignal): Promise<Performed> {
    const { killGuest } = this.#held;
    if (killGuest === undefined) throw new InfrastructureError({ what: "There is no guest to be killed" });
    await killGuest(signal);
    this.#broken = "its guest was killed";
    const micros = Math.round((performance.now() - began) * 1000);
    return this.#addHost(this.#observer.observeEnd("stopped", micros, [], [], null), signal);
  }

  /** What the host of a guest shows of an operation is its own lane. */
  async #addHost({ observation, evidence }: Performed, signal: AbortSignal): Promise<Performed> {
    const host = await this.#held.lookAtHost?.(signal);
    signal.throwIfAborted();
    return host === undefined ? { observation, evidence } : { observation: { ...observation, host }, evidence };
  }

  /** Has an operation performed by who performs it: the agent, or a function that this process serves. */
  async #ask(operation: Operation, signal: AbortSignal): Promise<AgentAnswer> {
    const { agent } = this.#held;
    const limit = this.#limits.operation;
    if (operation.during !== undefined) {
      const handleOf = (name: string): bigint | null => this.#observer.handleOf(name);
      const { kernel } = this.profile;
      const parts = { machine: this.machine, agent, kernel, served: this.#served, handleOf, limit, signal };
      return performDuring(operation, parts);
    }
    if (operation.op === "event") {
      return performEvent(operation, {
        ...{ machine: this.machine, agent, kernel: this.profile.kernel, limit, signal },
        fid: this.#profileOf(operation.function).fid,
        functionOf: (handle) => this.#observer.functionOf(handle),
        perform: () => agent.request("event", takesAway(operation), signal, limit),
      });
    }
    if (operation.answers !== undefined) {
      const { answers, ...plain } = operation;
      return performAnswered(answers, {
        ...{ machine: this.machine, agent, kernel: this.profile.kernel, limit, signal },
        functionOf: (handle) => this.#observer.functionOf(handle),
        perform: () => this.#ask(plain, signal),
      });
    }
    const { op, ...fields } = operation;
    if (operation.op === "plug") return this.#plugIn(operation.function, signal);
    if (operation.op === "unplug") return this.#unplug(operation.function, signal);
    if (isOnHost(operation)) return actOnHost(operation, this.#held, limit, signal);
    const own = this.#served.perform(operation);
    if (own === null) return agent.request(op, fields, signal, limit);
    const began = performance.now();
    const what = `the answer to "${op}" of a function that is served here`;
    const values = await withLimit({ what, limit, signal }, () => own);
    const micros = Math.round((performance.now() - began) * 1000);
    // The guest had no part in it: what it noticed is to be asked for.
    if (operation.op !== "interrupt") {
      return { ...(await agent.request("look", {}, signal, limit)), micros, values: { ...values } };
    }
    // QEMU has passed on what was raised before it answers for the second time: it looks at its descriptors in between.
    for (let round = 0; round < 2; round++) await this.machine.qmp.execute("query-status", {}, signal);
    const counted = await agent.request("interrupts-count", { function: operation.function }, signal, limit);
    return { ...counted, micros, values: { ...values, ...counted.values } };
  }

  #profileOf(name: string): FunctionProfile {
    const profile = this.profile.functions.find((each) => each.name === name);
    if (profile === undefined) throw new InfrastructureError({ what: `The plan has no function "${name}"` });
    return profile;
  }

  /** What functions did unasked belongs to the operation meanwhile: its effect is waited for, and looked at. */
  async #settle(answer: AgentAnswer, signal: AbortSignal): Promise<AgentAnswer> {
    const limit = this.#limits.operation;
    const what = "the answers to the DMA of functions that are served here";
    const isMore = await withLimit({ what, limit, signal }, () => this.#served.settle());
    return isMore ? mergeAnswers(answer, await this.#held.agent.request("look", {}, signal, limit)) : answer;
  }

  /** Plugs a function in; QEMU's no is an answer. The guest is given time to find it, and need not. */
  async #plugIn(name: string, signal: AbortSignal): Promise<AgentAnswer> {
    const profile = this.#profileOf(name);
    const { agent } = this.#held;
    const limit = this.#limits.operation;
    const look = (): Promise<AgentAnswer> => agent.request("look", {}, signal, limit);
    try {
      await this.#plug(profile, signal);
    } catch (error) {
      if (!(error instanceof QmpRefusal)) throw error;
      const said = { level: 4, text: error.message };
      const answer = await look();
      return { ...answer, result: "REFUSED", log: [...answer.log, said] };
    }
    const wait = Math.round(scaleTime(this.#limits.find));
    const found = await agent.request("define-function", { ...describeToAgent(profile), wait }, signal, limit + wait);
    return mergeAnswers({ ...found, result: "OK", values: {} }, await look());
  }

  /** Asks the guest to let go of a function; where somebody holds it there, that comes later. */
  async #unplug(name: string, signal: AbortSignal): Promise<AgentAnswer> {
    const profile = this.#profileOf(name);
    // Who has the machine next would look for the function.
    this.#doubt ??= `function "${name}" was unplugged`;
    const began = performance.now();
    const { agent } = this.#held;
    const limit = this.#limits.operation;
    const asked = await agent.request("unplug", { function: name }, signal, limit);
    const { request } = unplugCommands(profile);
    await this.machine.qmp.execute(request.execute, request.arguments, signal);
    const micros = Math.round((performance.now() - began) * 1000);
    return { ...mergeAnswers(asked, await agent.request("look", {}, signal, limit)), micros };
  }

  /** Says that what was observed is wrong: the machine is not to be used again. */
  distrust(why: string): void {
    this.#doubt ??= why;
  }

  /**
   * Gives the machine back.
   * @throws {InfrastructureError} where it had ended before on its own: a panic after the last answer is no success
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const failure = this.#broken === null ? await this.#findLateFailure() : null;
    const doubt = this.#broken ?? failure?.message ?? this.#doubt;
    this.#broken ??= "it was disposed";
    try {
      await this.#held.giveBack(doubt);
    } finally {
      await this.#ending[Symbol.asyncDispose]();
    }
    if (failure !== null) throw failure;
  }

  /** Asks whether the machine still runs: an answer also means that every event before it has been heard. */
  async #findLateFailure(): Promise<Error | null> {
    const what = "Cannot trust the last answer";
    try {
      const never = new AbortController().signal;
      const { status } = statusSchema.parse(await this.machine.qmp.execute("query-status", {}, never));
      if (status === "running") return null;
      const end = await waitForEnd(this.machine);
      return end === null
        ? new InfrastructureError({ what: `${what}: the machine is ${status}` })
        : makeEndError(what, end);
    } catch (error) {
      const end = await findMachineEnd(error, this.machine);
      return end === null ? new InfrastructureError({ what, cause: error }) : makeEndError(what, end);
    }
  }

  /** Turns a failure into what was observed, where it was the kernel's; else throws it with its reason. */
  async #explain(operation: Operation, error: unknown, began: number, signal: AbortSignal): Promise<Performed> {
    const what = `Cannot perform "${operation.op}"`;
    const micros = (): number => Math.round((performance.now() - began) * 1000);
    signal.throwIfAborted();
    if (this.#held.stopped?.aborted === true) {
      this.#broken = "its guest was stopped";
      const log = this.#consoleLines();
      return this.#observer.observeEnd("stopped", micros(), log, findAlarms(log), null);
    }
    if (error instanceof TimeLimitError) {
      const silence = await examineSilence(error, this.#held.watch, this.machine, this.#limits.ping, signal);
      if (silence.kind === "hang") {
        const log = this.#consoleLines();
        const alarms = [...findAlarms(log), silence.alarm];
        return this.#observer.observeEnd("hang", micros(), log, alarms, silence.evidence);
      }
      if (silence.kind !== "panicked")
        throw new InfrastructureError({ what: `${what}: ${silence.why}`, cause: error });
    } else {
      const end = await findMachineEnd(error, this.machine);
      if (end === null) throw error;
      if (end.kind !== "panicked") throw makeEndError(what, end);
    }
    this.#broken = "its guest panicked";
    const log = this.#consoleLines();
    return this.#observer.observeEnd("panic", micros(), log, findAlarms(log), null);
  }

  #consoleLines(): readonly string[] {
    return escapeText(this.machine.console.textFrom(this.#seen))
      .split("\n")
      .filter((line) => line !== "");
  }
}
