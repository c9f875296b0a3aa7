/** A worker: does units of any night at a queue that it can have the machine for, until it is told to end. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { hostname } from "node:os";
import type { Redis } from "ioredis";
import type { Ledger } from "../../src/verdict/ledger.ts";
import type { ReportProgress } from "../assets/progress.ts";
import { describeError } from "../errors/describe-error.ts";
import type { ScenarioRecord } from "../evidence/record.ts";
import { createScratch } from "../lifecycle/scratch.ts";
import { identify } from "../nightly/performer.ts";
import type { Bench, BenchChoice } from "../run/bench.ts";
import type { QueueAddress } from "./address.ts";
import { withLimit } from "../wait/with-limit.ts";
import { Bell } from "./bell.ts";
import { briefly } from "./briefly.ts";
import { connectQueue } from "./connect.ts";
import { describeJudge } from "./describe-judge.ts";
import { readToken, type Fence } from "./fence.ts";
import { startHeart } from "../wait/heart.ts";
import { takeLease, type Lease } from "./lease.ts";
import { BenchLostError, OpenBenches } from "./open-benches.ts";
import { performUnit } from "./perform-unit.ts";
import * as store from "./store.ts";
import { UnitTaker, type TakenUnit } from "./take-unit.ts";
import type { QueuedMachine } from "./units.ts";

/** Milliseconds in which a worker that is told to end gives back what it is at. */
const endLimit = 20_000;

/** What a worker takes. */
export interface WorkerRun {
  readonly address: QueueAddress;
  /** Units at a time; of hardware that others use as well, one. */
  readonly jobs: number;
  /** Milliseconds without a sign of life after which what it had is somebody else's. */
  readonly lease: number;
  /** Hardware of its benches that others can reach, too; null where each scenario has its own machine. */
  readonly fence: Fence | null;
  /** Ends once no night wants anything any more. */
  readonly once: boolean;
  /** @throws {HarnessError} where something it needs cannot be had */
  readonly openBench: (choice: BenchChoice) => Promise<Bench>;
  readonly ledger: Ledger;
  /** Told of every result that counts. */
  readonly onResult: (record: ScenarioRecord, machine: string) => void;
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}

/**
 * Works until the signal is aborted, or all is done where that is asked for; what it was at is then given back.
 * @throws {InfrastructureError} where the queue cannot be reached, or evidence cannot be written
 */
export async function runWorker(run: WorkerRun): Promise<void> {
  const client = await connectQueue(run.address, run.signal);
  try {
    await using scratch = await createScratch();
    await using worker = await Crewman.enter(run, client, scratch.path);
    await worker.work();
  } finally {
    client.disconnect();
  }
}

/** A worker at work. */
class Crewman implements AsyncDisposable {
  readonly #run: WorkerRun;
  readonly #client: Redis;
  readonly #scratch: string;
  readonly #name = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  readonly #benches = new OpenBenches();
  readonly #bell: Bell;
  readonly #taker: UnitTaker;
  /** Machines that it cannot have, and until when they are wanted: asked for again, they are tried again. */
  readonly #problems = new Map<string, number>();
  readonly #fatal = new AbortController();
  #seen: { readonly place: number; readonly machines: ReadonlyMap<string, QueuedMachine> } = {
    place: -1,
    machines: new Map(),
  };

  private constructor(run: WorkerRun, client: Redis, scratch: string) {
    const { address, lease } = run;
    [this.#run, this.#client, this.#scratch] = [run, client, scratch];
    const onBroken = (error: unknown): void => {
      this.#fatal.abort(error);
    };
    this.#bell = new Bell({ client: client.duplicate(), interval: lease / 2, onBroken });
    const onFreed = (): void => {
      this.#bell.ringHere();
    };
    this.#taker = new UnitTaker({ client, address, worker: this.#name, lease, onFreed });
  }

  static async enter(run: WorkerRun, client: Redis, scratch: string): Promise<Crewman> {
    const crewman = new Crewman(run, client, scratch);
    await store.beat(client, crewman.#name, run.lease);
    return crewman;
  }

  async work(): Promise<void> {
    const { fence, jobs, lease } = this.#run;
    using _ = startHeart({
      milliseconds: lease,
      beat: () => store.beat(this.#client, this.#name, lease).then(() => true),
      lost: (why) => new Error(why),
    });
    const slots = Array.from({ length: fence === null ? jobs : 1 }, () =>
      this.#workOn().catch((error: unknown) => {
        this.#fatal.abort(error);
      }),
    );
    const over = Promise.allSettled(slots);
    const signal = AbortSignal.any([this.#run.signal, this.#fatal.signal]);
    if (!signal.aborted) await Promise.race([over, once(signal, "abort")]);
    // A server that is away keeps nobody from ending: what is asked of it then has no answer.
    const wait = { what: "units to be given back", limit: endLimit, signal: new AbortController().signal };
    await withLimit(wait, () => over).catch(() => {
      this.#client.disconnect();
    });
    this.#fatal.signal.throwIfAborted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await briefly(() => store.leave(this.#client, this.#name));
    this.#bell[Symbol.dispose]();
    await this.#taker[Symbol.asyncDispose]();
    await this.#benches[Symbol.asyncDispose]();
  }

  /** One unit after another. */
  async #workOn(): Promise<void> {
    const signal = AbortSignal.any([this.#run.signal, this.#fatal.signal]);
    let hadWork = false;
    while (!signal.aborted) {
      const place = this.#bell.place;
      const machines = await this.#look(place);
      if (machines.size > 0) hadWork = true;
      else if (this.#run.once && hadWork) return;
      const didSomething = await this.#doNext(this.#sort(machines), signal);
      if (!didSomething) await this.#bell.after(place, signal);
    }
  }

  /** The machines that are wanted, looked up where the bell has rung since: nights ring it when that changes. */
  async #look(place: number): Promise<ReadonlyMap<string, QueuedMachine>> {
    if (this.#seen.place === place) return this.#seen.machines;
    const machines = await store.listMachines(this.#client);
    this.#seen = { place, machines };
    await this.#taker.keepOnly(new Set(machines.keys()));
    return machines;
  }

  /** Machines that it may have, those that it has at hand first. */
  #sort(machines: ReadonlyMap<string, QueuedMachine>): readonly (readonly [string, QueuedMachine])[] {
    const possible = [...machines].filter(
      ([id, { until }]) => until > Date.now() && this.#problems.get(id) !== until,
    );
    const open = this.#benches.machines;
    return possible.toSorted(([a], [b]) => Number(open.has(b)) - Number(open.has(a)));
  }

  async #doNext(machines: readonly (readonly [string, QueuedMachine])[], signal: AbortSignal): Promise<boolean> {
    const { fence, lease: milliseconds } = this.#run;
    if (machines.length === 0) return false;
    if (fence === null) return this.#takeOne(machines, null, signal);
    const { hardware } = fence;
    const seen = await readToken(fence.file);
    const request = { hardware, holder: this.#name, milliseconds, seen };
    const lease = await takeLease(this.#client, request);
    if (lease === null) return false;
    await using held = lease;
    return await this.#takeOne(machines, { fence, lease: held }, signal);
  }

  async #takeOne(
    machines: readonly (readonly [string, QueuedMachine])[],
    leased: { readonly fence: Fence; readonly lease: Lease } | null,
    signal: AbortSignal,
  ): Promise<boolean> {
    const taken = await this.#taker.take(machines);
    if (taken === null) return false;
    using _ = taken.heart;
    const { id, machine } = taken;
    const cannot = await this.#tryUnit(taken, leased, signal);
    if (cannot === null) return true;
    await taken.giveBack();
    if (signal.aborted) return true;
    this.#run.report({ kind: "note", text: `Cannot have ${machine.name}: ${cannot}` });
    this.#problems.set(id, machine.until);
    await store.reportProblem(this.#client, id, this.#name, cannot);
    return true;
  }

  /** Does a unit; gives the reason where its machine cannot be had here. */
  async #tryUnit(
    taken: TakenUnit,
    leased: { readonly fence: Fence; readonly lease: Lease } | null,
    signal: AbortSignal,
  ): Promise<string | null> {
    const { ledger, openBench, report, onResult } = this.#run;
    const { id, machine, key } = taken;
    const judge = describeJudge(ledger);
    if (judge !== machine.judge) return `it is judged by version ${machine.judge}, and here is ${judge}`;
    const { bench: name, kernel, qemu, boot } = machine;
    const open = (): Promise<Bench> => openBench({ name, kernel, qemu, boot, report, signal });
    try {
      return await this.#benches.use(id, open, async (bench) => {
        const own = identify(bench);
        // Asked in one go.
        const [agreed, isDone] = await Promise.all([
          store.agreeOn(this.#client, id, own),
          store.isSettled(this.#client, id, key),
        ]);
        if (isDone) {
          await taken.complete();
          return null;
        }
        if (JSON.stringify(agreed) !== JSON.stringify(own)) {
          return `the night runs Linux ${agreed.kernel.version} on QEMU ${agreed.qemu.version} of other images`;
        }
        const [client, scratch] = [this.#client, this.#scratch];
        const record = await performUnit(taken, { client, bench, ledger, scratch, leased, signal });
        if (record !== null) onResult(record, machine.name);
        return null;
      });
    } catch (error) {
      if (!(error instanceof BenchLostError)) throw error;
      return describeError(error.cause).join("; ");
    }
  }
}
