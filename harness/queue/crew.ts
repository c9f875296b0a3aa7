/** The night's side of a queue: machines are announced, their units queued, and what comes of them is written down here. */
import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { makeKey } from "../assets/digest.ts";
import type { Crew, CrewJob } from "../nightly/night-run.ts";
import type { Performer } from "../nightly/performer.ts";
import { describeJudge } from "./describe-judge.ts";
import { connectQueue } from "./connect.ts";
import { QueuePerformer, removeQueue } from "./queue-performer.ts";
import * as store from "./store.ts";
import type { QueueAddress } from "./address.ts";
import type { QueuedMachine } from "./units.ts";

/** How long workers go on with a night that nobody asks for, in milliseconds. */
const abandonedAfter = 24 * 60 * 60 * 1000;

/**
 * Connects to the workers at a queue.
 * @throws {InfrastructureError} where the server cannot be reached
 */
export async function openCrew(address: QueueAddress, signal: AbortSignal): Promise<Crew & AsyncDisposable> {
  const client = await connectQueue(address, signal);
  await forgetAbandoned(client);
  return {
    hire: (job) => hire(client, address, job),
    [Symbol.asyncDispose]: () => {
      client.disconnect();
      return Promise.resolve();
    },
  };
}

/** Opens the queue of a machine. */
function openQueue(client: Redis, id: string): Queue {
  const queue = new Queue(id, { connection: client, prefix: store.keyPrefix });
  // A connection that is lost comes back by itself.
  queue.on("error", () => undefined);
  return queue;
}

async function hire(client: Redis, address: QueueAddress, job: CrewJob): Promise<Performer & AsyncDisposable> {
  const machine: QueuedMachine = {
    ...{ ...job.choice, bench: job.choice.name, name: job.machine.name },
    ...{ judge: describeJudge(job.ledger), until: Date.now() + abandonedAfter },
  };
  const { until: _, ...about } = machine;
  const id = `${await nightKey(job.night.folder)}-${makeKey({ about: JSON.stringify(about) })}`;
  await store.forgetProblems(client, id);
  await store.announceMachine(client, id, machine);
  return new QueuePerformer({
    ...{ client, blocking: client.duplicate(), queue: openQueue(client, id), id, machine, job },
    ...{ shown: address.shown, ran: await store.readAgreed(client, id) },
  });
}

/** What a night is called in the queue: nights of the same second on two machines are two. */
async function nightKey(folder: string): Promise<string> {
  const file = join(folder, "queue");
  const known = (await readFile(file, "utf8").catch(() => "")).trim();
  if (/^[\da-f]{12}$/u.test(known)) return known;
  const key = randomUUID().replaceAll("-", "").slice(0, 12);
  await writeFile(file, `${key}\n`);
  return key;
}

async function forgetAbandoned(client: Redis): Promise<void> {
  for (const [id, { until }] of await store.listMachines(client)) {
    if (until > Date.now()) continue;
    await removeQueue(openQueue(client, id));
    await store.forgetMachine(client, id);
  }
}
