/**
 * Leases of hardware that several workers could drive: one holder at a time, for as long as its heart beats, and with each
 * a token that is higher than all before. The lease keeps workers out of each other's way; that a holder which does not know
 * that it lost its lease does no harm is the fence's to see to (fence.ts).
 */
import type { Redis } from "ioredis";
import { InfrastructureError } from "../errors/harness-error.ts";
import { startHeart } from "../wait/heart.ts";
import { keyPrefix, ring } from "./store.ts";

/** A lease that is held. Disposing it gives it back. */
export interface Lease extends AsyncDisposable {
  readonly hardware: string;
  /** Higher than that of every lease of this hardware before. */
  readonly token: number;
  /** Aborted where the lease is lost. */
  readonly signal: AbortSignal;
  /** Whether it is still held, as the server says now. */
  confirm(): Promise<boolean>;
}

/** What is leased, by whom, for how long. */
export interface LeaseRequest {
  readonly hardware: string;
  readonly holder: string;
  /** Milliseconds without a heartbeat after which it is somebody else's. */
  readonly milliseconds: number;
  /** The highest token that the hardware is known to have seen: a server that lost its memory counts on from there. */
  readonly seen: number;
}

const takeScript = `
if redis.call("EXISTS", KEYS[1]) == 1 then return 0 end
local last = tonumber(redis.call("GET", KEYS[2]) or "0")
local token = math.max(last, tonumber(ARGV[3])) + 1
redis.call("SET", KEYS[2], token)
redis.call("SET", KEYS[1], token .. " " .. ARGV[1], "PX", ARGV[2])
return token`;
const keepScript = `
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call("PEXPIRE", KEYS[1], ARGV[2])`;
const giveBackScript = `
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call("DEL", KEYS[1])`;

/** Takes a lease; null where somebody else has it. */
export async function takeLease(client: Redis, request: LeaseRequest): Promise<Lease | null> {
  const { hardware, holder, milliseconds, seen } = request;
  const [key, tokenKey] = [`${keyPrefix}:lease:${hardware}`, `${keyPrefix}:token:${hardware}`];
  const token = Number(await client.eval(takeScript, 2, key, tokenKey, holder, Math.round(milliseconds), seen));
  if (token === 0) return null;
  const own = `${token} ${holder}`;
  const isOwn = async (): Promise<boolean> =>
    (await client.eval(keepScript, 1, key, own, Math.round(milliseconds))) === 1;
  const heart = startHeart({
    milliseconds,
    beat: isOwn,
    lost: (why) => new InfrastructureError({ what: `Lost the lease of "${hardware}" (token ${token}): ${why}` }),
  });
  return {
    ...{ hardware, token, signal: heart.signal },
    confirm: async () => !heart.signal.aborted && (await isOwn()),
    [Symbol.asyncDispose]: async () => {
      heart[Symbol.dispose]();
      // One that cannot be given back ends by itself.
      await client.eval(giveBackScript, 1, key, own).catch(() => undefined);
      await ring(client, hardware).catch(() => undefined);
    },
  };
}
