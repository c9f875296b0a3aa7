/** A machine of a night whose scenarios workers perform: queued, waited for, and written down as they come. */
import { readFile } from "node:fs/promises";
import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { InfrastructureError } from "../errors/harness-error.ts";
import type { ScenarioRecord } from "../evidence/record.ts";
import { readAttempt } from "../nightly/night-folder.ts";
import type { CrewJob } from "../nightly/night-run.ts";
import { identify, MachineLostError, type Attempt, type Performer } from "../nightly/performer.ts";
import { orderTasks } from "../run/order.ts";
import type { ScenarioFolder } from "../scenarios/read-scenarios.ts";
import { scaleTime, withLimit } from "../wait/with-limit.ts";
import { unpackEvidence } from "./pack-evidence.ts";
import * as store from "./store.ts";
import { keyOfUnit, type QueuedMachine, type Unit } from "./units.ts";

/** What performing by a queue takes. */
export interface QueuedRun {
  readonly client: Redis;
  /** A connection that waits for results. */
  readonly blocking: Redis;
  readonly queue: Queue;
  /** The machine's name in the queue. */
  readonly id: string;
  readonly machine: QueuedMachine;
  readonly job: CrewJob;
  /** The queue's address as people may see it. */
  readonly shown: string;
  /** What results are of, where there were some before. */
  readonly ran: store.Identity | null;
}

/** Seconds that a result is waited for before it is looked whether there is anybody to give one. */
const lookInterval = 2;
/** Milliseconds in which a server that went away has to be back. */
const serverLimit = 10 * 60 * 1000;
/** Milliseconds in which there has to be a worker. */
const workerLimit = 10 * 60 * 1000;

/** Performs scenarios by workers. Disposed after all is over it leaves nothing in the queue; else what it needs to go on. */
export class QueuePerformer implements Performer, AsyncDisposable {
  readonly #run: QueuedRun;
  #ran: store.Identity | null;
  #isWhole = true;
  #isServerNew = false;
  #lastWorker = performance.now();
  #toldOfNobody = false;

  constructor(run: QueuedRun) {
    this.#run = run;
    this.#ran = run.ran;
    run.blocking.on("error", () => undefined);
    // A server that comes back may have forgotten what it was told.
    run.blocking.on("close", () => {
      this.#isServerNew = true;
    });
  }

  get ran(): store.Identity | null {
    return this.#ran;
  }

  async perform(wanted: ScenarioFolder, { folder, attempt, durations }: Attempt): Promise<readonly ScenarioRecord[]> {
    this.#isWhole = false;
    const { job, machine } = this.#run;
    const units = new Map<string, Unit>();
    for (const unit of await readUnits(wanted, durations)) units.set(keyOfUnit(unit, attempt), unit);
    const reporters = job.reporters();
    const names = [...units.values()].map(({ scenario }) => scenario);
    reporters.begin({ scenarios: names, bench: `${machine.name}, by workers`, jobs: 1, folder });
    const begin = performance.now();
    const records: ScenarioRecord[] = [];
    const keep = (record: ScenarioRecord): void => {
      records.push(record);
      reporters.ended(record);
    };
    try {
      await this.#within(() => this.#agreeOnWhatIsThere(folder));
      await this.#within(() => this.#queueUnits(units, folder, keep));
      while (units.size > 0) await this.#within(() => this.#next(units, folder, keep));
      this.#ran = await this.#within(() => store.readAgreed(this.#run.client, this.#run.id));
    } catch (error) {
      if (!job.signal.aborted) throw error;
    }
    await reporters.finish({
      ...{ records, missing: [...units.values()].map(({ scenario }) => scenario), interrupted: job.signal.aborted },
      ...{ seconds: (performance.now() - begin) / 1000, folder, ledger: job.ledger },
    });
    this.#isWhole = units.size === 0;
    return records;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { blocking, client, queue, id } = this.#run;
    blocking.disconnect();
    if (!this.#isWhole) return;
    // What cannot be removed now is given up in a day, and removed by the next night.
    await this.#within(async () => {
      await removeQueue(queue);
      await store.forgetMachine(client, id);
    }).catch(() => undefined);
  }

  /** Asks the server; for as long as it may be away, and the night is not called off. */
  async #within<T>(ask: () => Promise<T>): Promise<T> {
    const { shown, job } = this.#run;
    return withLimit({ what: `the queue "${shown}" to come back`, limit: serverLimit, signal: job.signal }, ask);
  }

  /** What an earlier call has on disk decides what the rest is of, should the server have forgotten. */
  async #agreeOnWhatIsThere(folder: string): Promise<void> {
    const [had] = [...readAttempt(folder).values()].filter(({ verdict }) => verdict !== "error");
    if (had !== undefined) await store.agreeOn(this.#run.client, this.#run.id, identify(had));
  }

  /** Queues what has no result; what is queued already stays where it is. */
  async #queueUnits(units: Map<string, Unit>, folder: string, keep: (record: ScenarioRecord) => void): Promise<void> {
    const { client, queue, id, machine } = this.#run;
    this.#isServerNew = false;
    await store.announceMachine(client, id, machine);
    for (const key of await store.listSettled(client, id)) await this.#take(key, units, folder, keep);
    const settings = { removeOnComplete: true, removeOnFail: true };
    await queue.addBulk(
      [...units].map(([jobId, unit]) => ({ name: unit.scenario, data: unit, opts: { ...settings, jobId } })),
    );
    await store.ring(client, id);
  }

  /** Writes a result down, where there is one. */
  async #take(
    key: string,
    units: Map<string, Unit>,
    folder: string,
    keep: (record: ScenarioRecord) => void,
  ): Promise<void> {
    const { client, id } = this.#run;
    const unit = units.get(key);
    const packed = unit === undefined ? null : await store.readResult(client, id, key);
    if (unit === undefined || packed === null) return;
    // Taken earlier, and its evidence is not there any more: it is asked for again.
    if (packed.length === 0) await store.forgetResult(client, id, key);
    else {
      const record = unpackEvidence(packed, unit.scenario, folder);
      await store.markTaken(client, id, key);
      units.delete(key);
      keep(record);
    }
  }

  /** Waits for the next result and writes it down; where there is none for a while, looks whether somebody works on it. */
  async #next(units: Map<string, Unit>, folder: string, keep: (record: ScenarioRecord) => void): Promise<void> {
    const { blocking, id, job } = this.#run;
    const key = await store.awaitResult(blocking, id, lookInterval);
    // Called off meanwhile: nobody waits for this any more.
    if (job.signal.aborted) return;
    if (this.#isServerNew) await this.#queueUnits(units, folder, keep);
    else if (key !== null) await this.#take(key, units, folder, keep);
    if (key === null) await this.#lookForWorkers();
  }

  async #lookForWorkers(): Promise<void> {
    const { client, id, job, machine, shown } = this.#run;
    const workers = await store.listWorkers(client);
    if (workers.length === 0) {
      if (!this.#toldOfNobody) {
        job.report({ kind: "note", text: `Nobody works on ${machine.name}: start zhil worker --queue ${shown}` });
      }
      this.#toldOfNobody = true;
      if (performance.now() - this.#lastWorker < scaleTime(workerLimit)) return;
      throw new InfrastructureError({
        what: `Waited ${scaleTime(workerLimit) / 1000} s for a worker at "${shown}"`,
        remedy: "Start zhil worker there; what was had is kept, and the same call goes on from there",
      });
    }
    this.#lastWorker = performance.now();
    this.#toldOfNobody = false;
    const problems = await store.readProblems(client, id);
    if (!workers.every((worker) => problems[worker] !== undefined)) return;
    // Nobody is to go on with it for nothing.
    this.#isWhole = true;
    const why = [...new Set(workers.map((worker) => problems[worker]))].join("; ");
    throw new MachineLostError({ what: `No worker can have it: ${why}` });
  }
}

/**
 * Removes a queue with all that is in it, whoever works on it. Its machine is forgotten afterwards: workers that see that it is
 * gone remove what they made of the queue since.
 */
export async function removeQueue(queue: Queue): Promise<void> {
  await queue.obliterate({ force: true });
  await queue.close();
}

/** The units of scenarios, the longest first. */
async function readUnits(
  { scenarios, broken }: ScenarioFolder,
  durations: ReadonlyMap<string, number>,
): Promise<readonly Unit[]> {
  const texts = new Map<string, Promise<string>>();
  const read = (file: string): Promise<string> => {
    const known = texts.get(file) ?? readFile(file, "utf8");
    texts.set(file, known);
    return known;
  };
  const unreadable = broken.map(({ name, file, error }) => ({
    ...{ scenario: name, file, text: "", problem: error.message },
  }));
  const ordered = orderTasks(scenarios, { kind: "longest" }, durations);
  const readable = ordered.map(async ({ name, file }) => ({
    ...{ scenario: name, file, text: await read(file), problem: null },
  }));
  return [...unreadable, ...(await Promise.all(readable))];
}
