/** Who performs operations: the agent, a function that this process serves, QEMU's monitor, a debugger. */
import { performance } from "node:perf_hooks";
import type { Operation } from "../../src/operation/operation.ts";
import type { RunOperation } from "../../src/target/target.ts";
import type { FunctionProfile, Profile } from "../../src/trace/profile.ts";
import type { AwaitAnswer } from "../agent/agent-client.ts";
import type { AgentAnswer } from "../agent/answers.ts";
import { mergeAnswers } from "../agent/merge-answers.ts";
import type { Observer } from "../agent/observe.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { unplugCommands } from "../qemu/device.ts";
import { QmpRefusal } from "../qmp/qmp-client.ts";
import { scaleTime, withLimit } from "../wait/with-limit.ts";
import { actOnHost, isOnHost } from "./act-on-host.ts";
import { describeToAgent } from "./describe-to-agent.ts";
import { whenHeld } from "./drain-devices.ts";
import type { EmulatedLimits } from "./emulated-options.ts";
import type { HeldMachine } from "./machine-source.ts";
import { performAnswered } from "./perform-answered.ts";
import { performDuring } from "./perform-during.ts";
import { performEvent, takesAway } from "./perform-event.ts";
import type { ServedFunctions } from "./served-functions.ts";

/** How the agent is to observe: with `quick`, what comes later than an operation returns is left for what follows. */
interface Manner {
  readonly quick?: true;
}

function nth(asked: readonly AwaitAnswer[], index: number): AwaitAnswer {
  const answer = asked[index];
  if (answer === undefined) throw new RangeError("It was not asked for");
  return answer;
}

/** What performing takes. */
export interface PerformersParts {
  readonly profile: Profile;
  readonly held: HeldMachine;
  readonly observer: Observer;
  readonly limits: EmulatedLimits;
  readonly served: ServedFunctions;
  /** Plugs in a function that was not there from the start. */
  readonly plug: (profile: FunctionProfile, signal: AbortSignal) => Promise<void>;
  /** Hears why the machine can serve nobody else. */
  readonly distrust: (why: string) => void;
}

/** Performs operations on a machine, by whoever can. */
export class Performers {
  readonly #profile: Profile;
  readonly #held: HeldMachine;
  readonly #observer: Observer;
  readonly #limits: EmulatedLimits;
  readonly #served: ServedFunctions;
  readonly #plug: PerformersParts["plug"];
  readonly #distrust: PerformersParts["distrust"];

  constructor({ profile, held, observer, limits, served, plug, distrust }: PerformersParts) {
    this.#profile = profile;
    this.#held = held;
    this.#observer = observer;
    this.#limits = limits;
    this.#served = served;
    this.#plug = plug;
    this.#distrust = distrust;
  }

  /** Has an operation performed, and waits for what came of it. */
  async perform(operation: Operation, signal: AbortSignal): Promise<AgentAnswer> {
    return this.#settle(await this.#ask(operation, signal, {}), signal);
  }

  /**
   * Has operations performed, those of a group all asked for before the first is answered: what waits for each answer, in
   * order. What comes later than an operation returns is left for what follows. The first may be a function's own to perform.
   */
  performAll(group: readonly RunOperation[]): readonly ((signal: AbortSignal) => Promise<AgentAnswer>)[] {
    const [first, ...more] = group;
    if (first === undefined) return [];
    const manner: Manner = { quick: true };
    if (more.length === 0)
      return [async (signal) => this.#settle(await this.#ask(first.operation, signal, manner), signal)];
    // No answer tells how far it came; one of them that never returns is to be noticed before all could have taken their time.
    const limit = this.#limits.operation * 2;
    if (!this.#served.performs(first.operation)) {
      return this.#askAll(group).map((answer) => (signal) => answer(signal, limit));
    }
    let asked: readonly AwaitAnswer[] = [];
    const lead = async (signal: AbortSignal): Promise<AgentAnswer> => {
      const own = await this.#performOwn(first.operation, signal);
      asked = this.#askAll(own === null ? group : [{ ...first, operation: { op: "look" } }, ...more]);
      return { ...(await nth(asked, 0)(signal, limit)), ...own };
    };
    return [lead, ...more.map((_, index) => (signal: AbortSignal) => nth(asked, index + 1)(signal, limit))];
  }

  #askAll(group: readonly RunOperation[]): readonly AwaitAnswer[] {
    const requests = group.map(({ operation: { op, ...fields }, isQuiet }, index) => {
      const isLast = index === group.length - 1;
      // Its answer may wait for that of the next; so may what its kernel says, where it should say nothing.
      const manner = isLast ? { quick: true } : { quick: true, more: true, ...(isQuiet ? { passing: true } : {}) };
      return { op, fields: { ...fields, ...manner } };
    });
    return this.#held.agent.requestAll(requests);
  }

  /** Has an operation performed by who performs it: the agent, or a function that this process serves. */
  async #ask(operation: Operation, signal: AbortSignal, manner: Manner, isStopped = false): Promise<AgentAnswer> {
    const { agent } = this.#held;
    const limit = this.#limits.operation;
    if (operation.during !== undefined) {
      const handleOf = (name: string): bigint | null => this.#observer.handleOf(name);
      const { kernel } = this.#profile;
      const parts = { machine: this.#held.machine, agent, kernel, served: this.#served, handleOf, limit, signal };
      return performDuring(operation, parts);
    }
    if (operation.op === "event") {
      return performEvent(operation, {
        ...{ machine: this.#held.machine, agent, kernel: this.#profile.kernel, limit, signal },
        fid: this.#profileOf(operation.function).fid,
        functionOf: (handle) => this.#observer.functionOf(handle),
        perform: () => agent.request("event", takesAway(operation), signal, limit),
      });
    }
    if (operation.answers !== undefined) {
      const { answers, ...plain } = operation;
      return performAnswered(answers, {
        ...{ machine: this.#held.machine, agent, kernel: this.#profile.kernel, limit, signal },
        functionOf: (handle) => this.#observer.functionOf(handle),
        // A machine that is stopped at its instructions goes on by who stopped it, and nobody else.
        perform: () => this.#ask(plain, signal, manner, true),
      });
    }
    const { op, ...fields } = operation;
    if (operation.op === "plug") return this.#plugIn(operation.function, signal);
    if (operation.op === "unplug") return this.#unplug(operation.function, signal);
    if (isOnHost(operation)) return actOnHost(operation, this.#held, limit, signal);
    const own = await this.#performOwn(operation, signal);
    if (own === null) {
      const hold = isStopped ? undefined : whenHeld(operation, this.#held, signal);
      return agent.request(op, { ...fields, ...manner }, signal, limit, hold);
    }
    const { micros, values } = own;
    if (operation.op !== "interrupt") {
      return { ...(await agent.request("look", { ...manner }, signal, limit)), micros, values };
    }
    // QEMU has passed on what was raised before it answers for the second time: it looks at its descriptors in between.
    for (let round = 0; round < 2; round++) await this.#held.machine.qmp.execute("query-status", {}, signal);
    const counted = await agent.request("interrupts-count", { function: operation.function }, signal, limit);
    return { ...counted, micros, values: { ...values, ...counted.values } };
  }

  /**
   * Has a function that is served here perform its operation; null where none does. The guest has no part in it: what it noticed
   * is to be asked for.
   */
  async #performOwn(
    operation: Operation,
    signal: AbortSignal,
  ): Promise<Pick<AgentAnswer, "micros" | "values"> | null> {
    const own = this.#served.perform(operation);
    if (own === null) return null;
    const began = performance.now();
    const what = `the answer to "${operation.op}" of a function that is served here`;
    const values = await withLimit({ what, limit: this.#limits.operation, signal }, () => own);
    const micros = Math.round((performance.now() - began) * 1000);
    // Once nothing more is under way.
    if (operation.op !== "interrupt") await this.#awaitDma(signal);
    return { micros, values: { ...values } };
  }

  #profileOf(name: string): FunctionProfile {
    const profile = this.#profile.functions.find((each) => each.name === name);
    if (profile === undefined) throw new InfrastructureError({ what: `The plan has no function "${name}"` });
    return profile;
  }

  /** What functions did unasked belongs to the operation meanwhile: its effect is waited for, and looked at. */
  async #settle(answer: AgentAnswer, signal: AbortSignal): Promise<AgentAnswer> {
    if (!(await this.#awaitDma(signal))) return answer;
    return mergeAnswers(answer, await this.#held.agent.request("look", {}, signal, this.#limits.operation));
  }

  /** Waits until no DMA of functions that are served here is under way; says whether there was any since the last time. */
  async #awaitDma(signal: AbortSignal): Promise<boolean> {
    if (this.#served.isEmpty) return false;
    const what = "the answers to the DMA of functions that are served here";
    return withLimit({ what, limit: this.#limits.operation, signal }, () => this.#served.settle());
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
    this.#distrust(`function "${name}" was unplugged`);
    const began = performance.now();
    const { agent } = this.#held;
    const limit = this.#limits.operation;
    const asked = await agent.request("unplug", { function: name }, signal, limit);
    const { request } = unplugCommands(profile);
    await this.#held.machine.qmp.execute(request.execute, request.arguments, signal);
    const micros = Math.round((performance.now() - began) * 1000);
    return { ...mergeAnswers(asked, await agent.request("look", {}, signal, limit)), micros };
  }
}
