/** The `lpar` bench: a host that is there, with functions that are there, one scenario at a time. */
import type { Operation } from "../../src/operation/operation.ts";
import type { Plan } from "../../src/plan/plan.ts";
import type { Performed, StartedTarget, Target } from "../../src/target/target.ts";
import type { Profile } from "../../src/trace/profile.ts";
import { Observer } from "../agent/observe.ts";
import { FencedError, InfrastructureError, TimeLimitError } from "../errors/harness-error.ts";
import { ResourceScope } from "../lifecycle/resource-scope.ts";
import type { SshClient } from "../ssh/ssh-client.ts";
import { scaleTime } from "../wait/with-limit.ts";
import { HostAgent, type AgentPlace } from "./host-agent.ts";
import type { HostConfig } from "./host-config.ts";
import type { HostLease } from "./host-lease.ts";
import { keepOwn } from "./own-answer.ts";
import { fillMedia } from "./fill-media.ts";

/** Limits in milliseconds: for the host to find a function, for an operation, for a second look at one that hangs. */
const findLimit = 10_000;
const usualOperationLimit = 30_000;
const lookLimit = 10_000;

/** What a target on a host needs. */
export interface LparTargetOptions {
  readonly profile: Omit<Profile, "functions">;
  readonly config: HostConfig;
  /** Addresses of the functions, by FID. */
  readonly addresses: ReadonlyMap<number, string>;
  readonly lease: HostLease;
  readonly connect: (signal: AbortSignal) => Promise<SshClient>;
  /** Milliseconds for an operation, before ZHIL_TIME_SCALE. */
  readonly operationLimit?: number;
  /** Lets one in at a time; what it returns lets the next one in. */
  readonly enter: () => Promise<() => void>;
}

/** Target of the `lpar` bench. */
export class LparTarget implements Target {
  readonly #options: LparTargetOptions;

  constructor(options: LparTargetOptions) {
    this.#options = options;
  }

  get profile(): Omit<Profile, "functions"> {
    return this.#options.profile;
  }

  /**
   * Has the plan's functions without driver, and an agent that knows them.
   * @throws {FencedError} where the lease is lost; {HarnessError} where the host does not do its part
   */
  async start(plan: Plan, signal: AbortSignal): Promise<StartedTarget> {
    const { config, lease, connect, enter, profile } = this.#options;
    await using scope = new ResourceScope();
    scope.defer("turn", await enter());
    const touches = plan.functions.length > 0;
    const client = await connect(signal);
    const place: AgentPlace = { client, config, signal };
    await lease.clear(signal);
    const functions = plan.functions.map(({ name, fid }) => ({ name, fid, address: this.#addressOf(fid) }));
    if (await fillMedia(plan, functions, lease.token, place)) await lease.clear(signal);
    const agent = scope.use("agent", await HostAgent.start(lease.token, touches, place));
    // Nobody can look at a block of a medium while a scenario has the function.
    const observer = new Observer(plan, () => Promise.resolve(null));
    const setUp = async (op: string, fields: Readonly<Record<string, unknown>>): Promise<void> => {
      const answer = await agent.request(op, fields, signal, findLimit + usualOperationLimit);
      if (answer.result !== "OK") {
        throw new InfrastructureError({
          what: `Cannot set up the host: "${op}" of ${JSON.stringify(fields)} gave ${answer.result}`,
        });
      }
      observer.look(answer.functions);
    };
    const wait = Math.round(scaleTime(findLimit));
    for (const { name, address, fid } of functions)
      await setUp("define-function", { function: name, address, fid, wait });
    for (const { name, pages } of plan.buffers) await setUp("define-buffer", { buffer: name, pages });
    const kept = scope.move();
    const started = { ...profile, functions: plan.functions };
    return new StartedLparTarget({
      profile: started,
      agent,
      observer,
      functions,
      client,
      lease,
      folder: config.folder,
      limit: this.#options.operationLimit ?? usualOperationLimit,
      ending: kept,
    });
  }

  #addressOf(fid: number): string {
    const address = this.#options.addresses.get(fid);
    if (address === undefined)
      throw new InfrastructureError({ what: `The plan has a function with FID ${fid}, which is not ours to use` });
    return address;
  }
}

interface StartedParts {
  readonly profile: Profile;
  readonly agent: HostAgent;
  readonly observer: Observer;
  readonly functions: readonly { readonly fid: number; readonly address: string }[];
  readonly client: SshClient;
  readonly lease: HostLease;
  readonly folder: string;
  readonly limit: number;
  readonly ending: AsyncDisposable;
}

class StartedLparTarget implements StartedTarget {
  readonly profile: Profile;
  readonly #parts: StartedParts;
  #broken: string | null = null;

  constructor(parts: StartedParts) {
    this.profile = parts.profile;
    this.#parts = parts;
  }

  /**
   * Performs an operation. A call that never returns is an answer; the target is broken after.
   * @throws {FencedError} where the lease is lost; {HarnessError} where no answer was had, and ever after
   */
  async perform(operation: Operation, signal: AbortSignal): Promise<Performed> {
    const { agent, observer, functions, lease, limit } = this.#parts;
    const what = `Cannot perform "${operation.op}"`;
    if (this.#broken !== null)
      throw new InfrastructureError({ what: `${what}: the target is broken: ${this.#broken}` });
    const began = performance.now();
    try {
      const { op, ...fields } = operation;
      const answer = await agent.request(op, fields, AbortSignal.any([signal, lease.signal]), limit);
      return await observer.observe(operation, keepOwn(answer, functions));
    } catch (error) {
      this.#broken = error instanceof Error ? error.message : what;
      signal.throwIfAborted();
      if (error instanceof FencedError || !(error instanceof TimeLimitError)) throw error;
      const where = await this.#findHang(signal);
      if (where === null) throw error;
      const micros = Math.round((performance.now() - began) * 1000);
      return observer.observeEnd("hang", micros, [], [`hang in ${where}`], null);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#broken ??= "it was disposed";
    await this.#parts.ending[Symbol.asyncDispose]();
  }

  /** Where the agent stands in the kernel, which does not let it go; null where that is not so. */
  async #findHang(signal: AbortSignal): Promise<string | null> {
    const { client, folder } = this.#parts;
    const read = async (path: string): Promise<string> =>
      (await client.run(["cat", path], { signal, limit: lookLimit, output: 4096 })).stdout.trim();
    const pid = await read(`${folder}/pid`);
    if (!/^\d{1,10}$/u.test(pid)) return null;
    const state = /\) (\w) /u.exec(await read(`/proc/${pid}/stat`))?.[1];
    if (state !== "D") return null;
    const channel = await read(`/proc/${pid}/wchan`);
    return /^\w+$/u.test(channel) ? channel : "a system call";
  }
}
