/**
 * What a night and its workers tell each other beside the units themselves, in the same server: which machines there are,
 * what units came to, each once, who works, and who cannot. Every change that others could come between is one script.
 */
import type { Redis } from "ioredis";
import * as z from "zod";
import type { MachineResult } from "../nightly/night-result.ts";
import { queuedMachineSchema, type QueuedMachine } from "./units.ts";

/** What all keys begin with, those of the queues as well. */
export const keyPrefix = "zhil";
const machinesKey = `${keyPrefix}:machines`;
const bellKey = `${keyPrefix}:bell`;
const workersKey = `${keyPrefix}:workers`;
const keysOf = (machine: string) => ({
  results: `${keyPrefix}:${machine}:results`,
  arrived: `${keyPrefix}:${machine}:arrived`,
  ran: `${keyPrefix}:${machine}:ran`,
  problems: `${keyPrefix}:${machine}:problems`,
});

/** Rings that are kept for whoever is about to listen. */
const rings = 100;

// A result is written once: whoever comes second comes in vain. A machine that was given up takes none.
const settleScript = `
if redis.call("HEXISTS", KEYS[1], ARGV[1]) == 0 then return -1 end
if redis.call("HSETNX", KEYS[2], ARGV[2], ARGV[3]) == 0 then return 0 end
redis.call("RPUSH", KEYS[3], ARGV[2])
return 1`;
const agreeScript = `
redis.call("SETNX", KEYS[1], ARGV[1])
return redis.call("GET", KEYS[1])`;
// The server's clock: those of workers differ.
const beatScript = `
local now = redis.call("TIME")
local at = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call("ZREMRANGEBYSCORE", KEYS[1], "-inf", at)
if ARGV[1] ~= "" then redis.call("ZADD", KEYS[1], at + ARGV[2], ARGV[1]) end
return redis.call("ZRANGE", KEYS[1], 0, -1)`;

/** Kernel and QEMU of a machine. */
export type Identity = NonNullable<MachineResult["ran"]>;

/** What became of a result: it counts, another was there before, or nobody wants it any more. */
export type Settlement = "counts" | "late" | "unwanted";

const versions = z.strictObject({ version: z.string(), digest: z.string() });
const identitySchema = z.strictObject({ kernel: versions, qemu: versions });

/** The machines that nights want, by their queue's name; what cannot be read is none. */
export async function listMachines(client: Redis): Promise<ReadonlyMap<string, QueuedMachine>> {
  const all = Object.entries(await client.hgetall(machinesKey));
  return new Map(
    all.flatMap(([id, text]) => {
      const machine = readJson(text, queuedMachineSchema);
      return machine === null ? [] : [[id, machine] as const];
    }),
  );
}

/** Says that a machine's units are wanted, and wakes workers. */
export async function announceMachine(client: Redis, id: string, machine: QueuedMachine): Promise<void> {
  await client.hset(machinesKey, id, JSON.stringify(machine));
  await ring(client, id);
}

/** Wakes whoever listens to the bell. */
export async function ring(client: Redis, why: string): Promise<void> {
  await client.xadd(bellKey, "MAXLEN", "~", rings, "*", "why", why);
}

/** Where the bell stands: whoever listens from there on misses nothing. */
export async function readBell(client: Redis): Promise<string> {
  const [last] = await client.xrevrange(bellKey, "+", "-", "COUNT", 1);
  return last?.[0] ?? "0-0";
}

/** Waits until the bell has rung after a place, or for so many milliseconds. Takes a connection of its own. */
export const awaitBell = (client: Redis, place: string, milliseconds: number) =>
  client.xread("COUNT", 1, "BLOCK", Math.max(1, Math.round(milliseconds)), "STREAMS", bellKey, place);

/** Forgets a machine: results that are still under way find nobody. */
export async function forgetMachine(client: Redis, id: string): Promise<void> {
  const { results, arrived, ran, problems } = keysOf(id);
  await client.hdel(machinesKey, id);
  await client.del(results, arrived, ran, problems);
}

/** Writes what came of a unit, once. */
export async function settleUnit(client: Redis, id: string, unit: string, packed: Buffer): Promise<Settlement> {
  const { results, arrived } = keysOf(id);
  const answer = await client.eval(settleScript, 3, machinesKey, results, arrived, id, unit, packed);
  return answer === 1 ? "counts" : answer === 0 ? "late" : "unwanted";
}

/** Whether a unit has a result, or is not wanted any more. */
export async function isSettled(client: Redis, id: string, unit: string): Promise<boolean> {
  const [wanted, settled] = await Promise.all([
    client.hexists(machinesKey, id),
    client.hexists(keysOf(id).results, unit),
  ]);
  return wanted === 0 || settled === 1;
}

/** Units of a machine that have a result, taken already or not. */
export const listSettled = (client: Redis, id: string): Promise<readonly string[]> =>
  client.hkeys(keysOf(id).results);

/** What came of a unit: its packed evidence, empty where it was taken already, null where there is nothing. */
export const readResult = (client: Redis, id: string, unit: string): Promise<Buffer | null> =>
  client.hgetBuffer(keysOf(id).results, unit);

/** Says that a result is on disk; that there was one stays known. */
export async function markTaken(client: Redis, id: string, unit: string): Promise<void> {
  await client.hset(keysOf(id).results, unit, "");
}

/** Forgets that a unit had a result: its evidence is gone. */
export async function forgetResult(client: Redis, id: string, unit: string): Promise<void> {
  await client.hdel(keysOf(id).results, unit);
}

/** The next unit that has a result, or null after so many seconds. Takes a connection of its own. */
export async function awaitResult(client: Redis, id: string, seconds: number): Promise<string | null> {
  const answer = await client.blpop(keysOf(id).arrived, seconds);
  return answer?.[1] ?? null;
}

/** The kernel and QEMU that all results of a machine are of: the first that anybody had. */
export async function agreeOn(client: Redis, id: string, own: Identity): Promise<Identity> {
  const { kernel, qemu } = own;
  const said = JSON.stringify({ kernel, qemu });
  return readJson(String(await client.eval(agreeScript, 1, keysOf(id).ran, said)), identitySchema) ?? own;
}

/** What a machine's results are of; null before there was any. */
export async function readAgreed(client: Redis, id: string): Promise<Identity | null> {
  const text = await client.get(keysOf(id).ran);
  return text === null ? null : readJson(text, identitySchema);
}

/** Says that a worker cannot have a machine, and why. */
export async function reportProblem(client: Redis, id: string, worker: string, why: string): Promise<void> {
  await client.hset(keysOf(id).problems, worker, why);
}

/** Why workers cannot have a machine, by worker. */
export const readProblems = (client: Redis, id: string): Promise<Readonly<Record<string, string>>> =>
  client.hgetall(keysOf(id).problems);

/** Forgets why workers could not have a machine: they are asked again. */
export async function forgetProblems(client: Redis, id: string): Promise<void> {
  await client.del(keysOf(id).problems);
}

/** Says that a worker is there, for so many milliseconds. */
export async function beat(client: Redis, worker: string, milliseconds: number): Promise<void> {
  await client.eval(beatScript, 1, workersKey, worker, Math.round(milliseconds));
}

/** Says that a worker is gone. */
export async function leave(client: Redis, worker: string): Promise<void> {
  await client.zrem(workersKey, worker);
}

/** The workers that are there. */
export async function listWorkers(client: Redis): Promise<readonly string[]> {
  return z.array(z.string()).parse(await client.eval(beatScript, 1, workersKey, "", 0));
}

function readJson<T>(text: string, schema: z.ZodType<T>): T | null {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
