/**
 * The lease of a host's functions: a folder there says who has them, by which token, and how each was before. Whatever
 * touches a function holds the folder's lock, and only the highest token there ever was gets it (`guests/lpar/guard`).
 */
import { randomBytes } from "node:crypto";
import { hostname, userInfo } from "node:os";
import { ClosedError, FencedError, type HarnessError, InfrastructureError } from "../errors/harness-error.ts";
import { startHeart, type Heart } from "../wait/heart.ts";
import type { HostConfig } from "./host-config.ts";
import { spellFid } from "./host-config.ts";
import { runScript, type ScriptPlace } from "./run-script.ts";

/** Seconds after which a lease is somebody else's whose heart has not beaten. */
export const leaseSeconds = 60;

/** Milliseconds for a step: a driver takes its time to let go of a function, or to take it. */
const stepLimit = 60_000;

/** Where a lease is kept. */
export interface LeasePlace {
  readonly config: Pick<HostConfig, "folder" | "sudo">;
  /** The connection that there is now. */
  readonly connect: (signal: AbortSignal) => Promise<ScriptPlace["client"]>;
}

/** What became of functions that were put back. */
export interface Restored {
  /** `0x00000020 nvme`: a FID, and the driver that it has again. */
  readonly functions: readonly string[];
  /** The host booted since: nothing was left to be put back. */
  readonly rebooted: boolean;
}

/** A lease that is held. */
export class HostLease {
  readonly token: number;
  /** What an earlier run had left, and this one put back. */
  readonly found: Restored;
  readonly #place: LeasePlace;
  readonly #heart: Heart;

  private constructor(token: number, found: Restored, place: LeasePlace, heart: Heart) {
    this.token = token;
    this.found = found;
    this.#place = place;
    this.#heart = heart;
  }

  /**
   * Takes the lease of functions. What a run left that does not come back is put back first.
   * @throws {InfrastructureError} where somebody else has it, or something cannot be put back; {ClosedError}; {TimeLimitError}
   */
  static async take(place: LeasePlace, functions: readonly number[], signal: AbortSignal): Promise<HostLease> {
    const words = ["take", place.config.folder, whoWeAre(), String(leaseSeconds), ...functions.map(spellFid)];
    const said = await askTwice(place, words, signal);
    const token = Number(said.get("taken")?.[0]);
    if (!Number.isSafeInteger(token)) throw refusal(said, place);
    const heart = startHeart({
      milliseconds: leaseSeconds * 1000,
      beat: async () => (await ask(place, ["beat", place.config.folder, String(token)], never)).has("done"),
      lost: (why) => new InfrastructureError({ what: `Lost the lease of the host (token ${token}): ${why}` }),
    });
    return new HostLease(token, restoredOf(said), place, heart);
  }

  /** Aborted where the lease is lost, or may be. */
  get signal(): AbortSignal {
    return this.#heart.signal;
  }

  /**
   * Takes their drivers from the functions, as scenarios find them.
   * @throws {FencedError} where somebody else has the lease; {HarnessError}
   */
  async clear(signal: AbortSignal): Promise<void> {
    this.signal.throwIfAborted();
    const said = await ask(this.#place, ["clear", this.#place.config.folder, String(this.token)], signal);
    if (!said.has("done")) throw refusal(said, this.#place);
  }

  /**
   * Puts the functions back as they were, and gives the lease back.
   * @throws {FencedError} where somebody else has it, who did that; {InfrastructureError} where it cannot be done, and
   *   then the lease stays, for the next run or `zhil release`
   */
  async giveBack(signal: AbortSignal): Promise<Restored> {
    this.#heart[Symbol.dispose]();
    const said = await askTwice(this.#place, ["give-back", this.#place.config.folder, String(this.token)], signal);
    if (!said.has("done")) throw refusal(said, this.#place);
    return restoredOf(said);
  }

  /** Beats no more: whoever comes next has it when its time is over. */
  [Symbol.dispose](): void {
    this.#heart[Symbol.dispose]();
  }
}

/**
 * Puts back what a run left that will not come back; `seconds` is how long its heart must have been silent.
 * @throws {InfrastructureError} where it beats, or something cannot be put back
 */
export async function releaseHost(place: LeasePlace, seconds: number, signal: AbortSignal): Promise<Restored> {
  const said = await ask(place, ["release", place.config.folder, String(seconds)], signal);
  if (!said.has("done")) throw refusal(said, place);
  return restoredOf(said);
}

/** What a script said: words of its lines by their first word. */
type Said = ReadonlyMap<string, readonly string[]>;

async function ask(place: LeasePlace, words: readonly string[], signal: AbortSignal): Promise<Said> {
  const client = await place.connect(signal);
  const lines = await runScript("lease", words, " ", { client, sudo: place.config.sudo, limit: stepLimit, signal });
  const said = new Map<string, string[]>();
  for (const [word = "", ...rest] of lines) said.set(word, [...(said.get(word) ?? []), rest.join(" ")]);
  return said;
}

/** Once more where the connection was lost before the answer came: what was done is not done again. */
const askTwice = (place: LeasePlace, words: readonly string[], signal: AbortSignal): Promise<Said> =>
  ask(place, words, signal).catch((error: unknown) => {
    if (error instanceof ClosedError) return ask(place, words, signal);
    throw error;
  });

const restoredOf = (said: Said): Restored => ({
  functions: (said.get("restored") ?? []).map((each) => {
    const [fid = "", driver = "none"] = each.split(" ");
    return `${fid}, ${driver === "none" ? "without a driver" : `driver ${driver}`}`;
  }),
  rebooted: said.has("rebooted"),
});

function refusal(said: Said, { config }: LeasePlace): HarnessError {
  const [failed] = said.get("failed") ?? [];
  const [busy] = said.get("busy") ?? [];
  if (failed !== undefined) {
    const what = `Cannot put a function of the host as it was: ${failed}`;
    return new InfrastructureError({ what, remedy: "Look at it there, then run zhil release" });
  }
  if (busy !== undefined) {
    const [seconds = "", ...owner] = busy.split(" ");
    return new InfrastructureError({
      what: `The functions of the host are in use: "${owner.join(" ")}" has them, ${seconds} s ago`,
      remedy: "Wait for its end; where it never ends: zhil release",
    });
  }
  if (said.has("foreign")) {
    return new InfrastructureError({
      what: `Cannot use the folder "${config.folder}" of the host: it is another user's`,
      remedy: 'Name another one as "folder"',
    });
  }
  if (said.has("lost")) {
    return new FencedError({
      what: "Refused: the lease of the host is somebody else's by now, who put the functions back",
    });
  }
  return new InfrastructureError({ what: "Cannot tell what became of the lease: the host's answer breaks off" });
}

const never = new AbortController().signal;

/** Who has the lease, for whoever finds it: letters that mean nothing to a shell. */
function whoWeAre(): string {
  const who = `${userInfo().username}@${hostname()}`.replaceAll(/[^\w.@-]/gu, "-").slice(0, 80);
  return `${who}:${process.pid}:${randomBytes(4).toString("hex")}`;
}
