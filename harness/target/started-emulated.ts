/** A machine that performs a plan's operations, until the first thing that goes wrong. */
import { performance } from "node:perf_hooks";
import * as z from "zod";
import type { GuestEndName, Rebooter } from "../../src/operation/host-fields.ts";
import type { Operation } from "../../src/operation/operation.ts";
import type { Performed, Phases, RunOperation, StartedTarget } from "../../src/target/target.ts";
import type { FunctionProfile, Profile } from "../../src/trace/profile.ts";
import { findAlarms } from "../agent/alarms.ts";
import type { AgentAnswer } from "../agent/answers.ts";
import type { Observer } from "../agent/observe.ts";
import { InfrastructureError, TimeLimitError } from "../errors/harness-error.ts";
import type { StartedQemu } from "../qemu/started-qemu.ts";
import { escapeText } from "../report/escape.ts";
import { isEndOfGuest } from "./act-on-host.ts";
import { findMachineEnd, makeEndError, waitForEnd } from "./machine-failure.ts";
import type { EmulatedLimits } from "./emulated-options.ts";
import { examineSilence } from "./examine-silence.ts";
import { groupRun } from "./group-run.ts";
import type { HeldMachine } from "./machine-source.ts";
import { Performers } from "./performers.ts";
import type { DeviceViews, ServedFunctions } from "./served-functions.ts";

/** What the functions that this process serves may reach is observed; how they were told of it is evidence. */
function addDevices(performed: Performed, served: ServedFunctions, devices: DeviceViews | null): Performed {
  if (devices === null) return performed;
  const { observation, evidence } = performed;
  return {
    ...performed,
    observation: { ...observation, devices },
    evidence: { ...evidence, raw: { answer: evidence.raw, witnesses: served.takeEvents() } },
  };
}

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
  /** Tells the agent of a kernel that has booted anew the plan's names, and gives what it sees. */
  readonly introduce: (signal: AbortSignal) => Promise<AgentAnswer>;
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
  readonly #performers: Performers;
  readonly #introduce: EmulatedParts["introduce"];
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
    this.#performers = new Performers({
      ...parts,
      distrust: (why) => {
        this.distrust(why);
      },
    });
    this.#introduce = parts.introduce;
    this.#ending = parts.ending;
    this.#seen = this.machine.console.position;
  }

  /**
   * Performs an operation. A guest that panics, and a call that never returns, are answers; the target is broken after.
   * @throws {HarnessError} where no answer was had, and ever after the first failure
   */
  async perform(operation: Operation, signal: AbortSignal): Promise<Performed> {
    const ask = (until: AbortSignal): Promise<AgentAnswer> =>
      operation.op === "guest-reboot"
        ? this.#reboot(operation.by, until)
        : this.#performers.perform(operation, until);
    const performed = await this.#perform(operation, ask, signal);
    return this.#broken === null ? addDevices(performed, this.#served, this.#served.takeViews()) : performed;
  }

  async *performRun(run: readonly RunOperation[], signal: AbortSignal): AsyncGenerator<Performed, void> {
    for (const group of groupRun(run, this.#served)) {
      const takeViews = this.#served.follow();
      const { performed, failed } = await this.#performGroup(group, signal);
      const views = takeViews?.(group.slice(0, performed.length).map(({ devices }) => devices)) ?? [];
      for (const [index, each] of performed.entries()) {
        const isEnd = this.#broken !== null && failed === null && index === performed.length - 1;
        yield isEnd ? each : addDevices(each, this.#served, views[index] ?? null);
      }
      if (failed !== null) throw failed.error;
    }
  }

  /** What came of the operations of a group, until one had no answer. */
  async #performGroup(
    group: readonly RunOperation[],
    signal: AbortSignal,
  ): Promise<{ readonly performed: readonly Performed[]; readonly failed: { readonly error: unknown } | null }> {
    const performed: Performed[] = [];
    try {
      const asked = this.#broken === null ? this.#performers.performAll(group) : [];
      for (const [index, { operation }] of group.entries()) {
        const answered =
          asked[index] ?? ((): Promise<never> => Promise.reject(new RangeError("It was not asked for")));
        performed.push(await this.#perform(operation, answered, signal));
      }
      return { performed, failed: null };
    } catch (error) {
      return { performed, failed: { error } };
    }
  }

  /** Performs an operation, or has its answer already asked for. */
  async #perform(
    operation: Operation,
    ask: (until: AbortSignal) => Promise<AgentAnswer>,
    signal: AbortSignal,
  ): Promise<Performed> {
    if (this.#broken !== null) {
      throw new InfrastructureError({
        what: `Cannot perform "${operation.op}": the target is broken: ${this.#broken}`,
      });
    }
    const began = performance.now();
    if (isEndOfGuest(operation)) return await this.#endGuest(operation.op, began, signal);
    try {
      const { stopped, watch } = this.#held;
      const ends = [
        ...(operation.op === "guest-reboot" ? [] : [watch.workerEnded]),
        ...(stopped === undefined ? [] : [stopped]),
      ];
      const until = AbortSignal.any([signal, ...ends]);
      const answer = await ask(until);
      const performed = await this.#addHost(await this.#observer.observe(operation, answer), until);
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

  /** The guest is no more, or has no answer for anybody: what is left to be seen is its host's. */
  async #endGuest(how: GuestEndName, began: number, signal: AbortSignal): Promise<Performed> {
    const { endGuest } = this.#held;
    if (endGuest === undefined) throw new InfrastructureError({ what: "There is no guest to be ended" });
    this.#broken = `its guest was ended by "${how}"`;
    await endGuest(how, signal);
    const micros = Math.round((performance.now() - began) * 1000);
    return this.#addHost(this.#observer.observeEnd("stopped", micros, [], [], null), signal);
  }

  /** The guest boots anew: what it says is told by an agent that has just begun. */
  async #reboot(by: Rebooter, signal: AbortSignal): Promise<AgentAnswer> {
    const { rebootGuest } = this.#held;
    if (rebootGuest === undefined) throw new InfrastructureError({ what: "There is no guest to be booted anew" });
    const began = performance.now();
    await rebootGuest(by, signal);
    const answer = await this.#introduce(signal);
    return { ...answer, micros: Math.round((performance.now() - began) * 1000) };
  }

  /** What the host of a guest shows of an operation is its own lane. */
  async #addHost(performed: Performed, signal: AbortSignal): Promise<Performed> {
    const host = await this.#held.lookAtHost?.(signal);
    signal.throwIfAborted();
    return host === undefined ? performed : { ...performed, observation: { ...performed.observation, host } };
  }

  /** @throws {HarnessError} where the agent gives no answer */
  async tracePlaces(signal: AbortSignal): Promise<boolean> {
    const { result } = await this.#held.agent.request("trace-places", {}, signal, this.#limits.operation);
    return result === "OK";
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
