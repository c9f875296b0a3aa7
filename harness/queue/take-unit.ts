/** How a worker comes to its next unit: of the machine it has at hand where there is one, else of another. */
import { Worker, type Job } from "bullmq";
import type { Redis } from "ioredis";
import { InfrastructureError } from "../errors/harness-error.ts";
import type { QueueAddress } from "./address.ts";
import { briefly } from "./briefly.ts";
import { connectionOf } from "./connect.ts";
import { startHeart, type Heart } from "../wait/heart.ts";
import * as store from "./store.ts";
import { unitSchema, type QueuedMachine, type Unit } from "./units.ts";

/** Workers that a unit may outlive: so often is it begun again where whoever ran it was never heard of again. */
const livesOfUnit = 3;

/** A unit that is this worker's for as long as its heart beats. */
export interface TakenUnit {
  /** The machine's name in the queue. */
  readonly id: string;
  readonly machine: QueuedMachine;
  readonly key: string;
  readonly unit: Unit;
  readonly heart: Heart;
  /** Says that there is nothing to be done any more. */
  complete(): Promise<void>;
  /** Gives it back, for somebody else to do. */
  giveBack(): Promise<void>;
}

/** What taking units takes. */
export interface TakerOptions {
  readonly client: Redis;
  readonly address: QueueAddress;
  /** This worker's name. */
  readonly worker: string;
  /** Milliseconds without a sign of life after which its units are somebody else's. */
  readonly lease: number;
  /** Called where another worker's unit became free. */
  readonly onFreed: () => void;
}

/** Takes units out of the queues of machines. */
export class UnitTaker implements AsyncDisposable {
  readonly #options: TakerOptions;
  readonly #queues = new Map<string, Worker>();
  #taken = 0;

  constructor(options: TakerOptions) {
    this.#options = options;
  }

  /** The next unit of the first of these machines that has one; null where none has. */
  async take(machines: readonly (readonly [string, QueuedMachine])[]): Promise<TakenUnit | null> {
    const { worker, lease } = this.#options;
    for (const [id, machine] of machines) {
      const token = `${worker}-${this.#taken++}`;
      const job = await this.#queueOf(id).getNextJob(token, { block: false });
      // BullMQ's types promise a job; where there is none it gives none.
      if ((job as Job | undefined) === undefined) continue;
      const heart = startHeart({
        milliseconds: lease,
        beat: async () => (await job.extendLock(token, lease)) === 1,
        lost: (why) => new InfrastructureError({ what: `Lost the unit "${job.name}": ${why}` }),
      });
      return { id, machine, heart, ...this.#describe(job, token) };
    }
    return null;
  }

  /** Closes the queues of machines that nobody wants any more. */
  async keepOnly(wanted: ReadonlySet<string>): Promise<void> {
    const gone = [...this.#queues].filter(([id]) => !wanted.has(id));
    for (const [id] of gone) this.#queues.delete(id);
    await Promise.all(gone.map(([, queue]) => briefly(() => queue.close(true))));
    // Who looks into a queue that was removed just now makes it again, in part.
    const { client } = this.#options;
    if (gone.length > 0) await client.del(gone.map(([, queue]) => queue.toKey("meta")));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { client } = this.#options;
    await briefly(async () => this.keepOnly(new Set((await store.listMachines(client)).keys())));
    await Promise.all([...this.#queues.values()].map((queue) => briefly(() => queue.close(true))));
  }

  #queueOf(id: string): Worker {
    const known = this.#queues.get(id);
    if (known !== undefined) return known;
    const { address, lease, onFreed } = this.#options;
    const queue = new Worker(id, null, {
      ...{ connection: connectionOf(address), prefix: store.keyPrefix, autorun: false },
      ...{ lockDuration: lease, stalledInterval: Math.max(1, Math.round(lease / 2)) },
      // How often a unit may be begun again is looked at when it is.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
    });
    queue.on("stalled", onFreed);
    // A connection that is lost comes back by itself.
    queue.on("error", () => undefined);
    void queue.startStalledCheckTimer();
    this.#queues.set(id, queue);
    return queue;
  }

  #describe(job: Job, token: string): Pick<TakenUnit, "key" | "unit" | "complete" | "giveBack"> {
    const read = unitSchema.safeParse(job.data);
    const unit = read.success
      ? read.data
      : { scenario: job.name, file: "", text: "", problem: "Cannot read the unit out of the queue" };
    const problem =
      job.stalledCounter < livesOfUnit
        ? unit.problem
        : `${livesOfUnit} workers were never heard of again that ran it`;
    return {
      ...{ key: job.id ?? "", unit: { ...unit, problem } },
      // Whose time was over has nothing to say any more.
      complete: () => job.moveToCompleted("", token, false).then(ignore, ignore),
      giveBack: () => job.moveToWait(token).then(ignore, ignore),
    };
  }
}

const ignore = (): void => undefined;
