/** A bench whose hardware others can reach as well: each of its operations passes the fence with the token of a lease. */
import type { StartedTarget } from "../../src/target/target.ts";
import type { Bench } from "../run/bench.ts";
import { passFence, type Fence } from "./fence.ts";
import type { Lease } from "./lease.ts";

/** A bench under a lease: it starts and performs nothing once its token is not the highest any more. */
export function fenceBench(bench: Bench, fence: Fence, lease: Lease): Bench {
  const pass = <T>(signal: AbortSignal, action: () => Promise<T>): Promise<T> => {
    lease.signal.throwIfAborted();
    return passFence(fence, lease.token, signal, action);
  };
  return {
    ...bench,
    // A machine that comes up ahead of its turn would do so under another's lease.
    startsAhead: false,
    createTarget: (consoleFile) => {
      const target = bench.createTarget(consoleFile);
      return {
        profile: target.profile,
        start: async (plan, signal) => {
          const started = await pass(signal, () => target.start(plan, signal));
          return fenceTarget(started, pass);
        },
      };
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function fenceTarget(
  started: StartedTarget,
  pass: <T>(signal: AbortSignal, action: () => Promise<T>) => Promise<T>,
): StartedTarget {
  const { profile, phases } = started;
  return {
    ...{ profile, ...(phases === undefined ? {} : { phases }) },
    perform: (operation, signal) => pass(signal, () => started.perform(operation, signal)),
    distrust: (why) => started.distrust?.(why),
    [Symbol.asyncDispose]: () => started[Symbol.asyncDispose](),
  };
}
