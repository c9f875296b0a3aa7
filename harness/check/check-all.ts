/** Many traces, judged by two threads: a thousand of them is a second's work for each. */
import { once } from "node:events";
import { extname } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { Ledger } from "../../src/verdict/ledger.ts";
import { describeError } from "../errors/describe-error.ts";
import { checkTrace, type CheckedTrace } from "./check-trace.ts";

/** Traces that are judged in one go. */
const share = 20;
/** Fewer than this many are judged before a thread has begun. */
const worthThread = 200;

/** What a trace was found to be, or in lines why it cannot be told. */
export type Checked = CheckedTrace | { readonly unreadable: readonly string[] };

/** What a thread is given: traces, and the number of the share that is to be judged next, which it has in common with this one. */
export interface Shares {
  readonly paths: readonly string[];
  readonly ledger: Ledger;
  readonly next: Int32Array;
}

/** A share that was judged. */
export interface CheckedShare {
  readonly share: number;
  readonly checked: readonly Checked[];
}

/** Judges shares, each that nobody else took, until none is left. */
export async function* takeShares({ paths, ledger, next }: Shares): AsyncGenerator<CheckedShare> {
  for (;;) {
    const number = Atomics.add(next, 0, 1);
    const taken = paths.slice(number * share, (number + 1) * share);
    if (taken.length === 0) return;
    const checked: Checked[] = [];
    for (const path of taken) {
      checked.push(await checkTrace(path, ledger).catch((error: unknown) => ({ unreadable: describeError(error) })));
    }
    yield { share: number, checked };
  }
}

/** Judges traces, in their order. */
export async function* checkAll(paths: readonly string[], ledger: Ledger): AsyncGenerator<Checked> {
  const shares: Shares = { paths, ledger, next: new Int32Array(new SharedArrayBuffer(4)) };
  const done = new Map<number, readonly Checked[]>();
  let told = 0;
  function* tell(): Generator<Checked> {
    for (let ready = done.get(told); ready !== undefined; ready = done.get(++told)) {
      done.delete(told);
      yield* ready;
    }
  }
  const thread = paths.length < worthThread ? null : startThread(shares);
  try {
    thread?.on("message", ({ share: number, checked }: CheckedShare) => done.set(number, checked));
    for await (const { share: number, checked } of takeShares(shares)) {
      done.set(number, checked);
      // Messages of the other thread come between two turns.
      await nextTurn();
      yield* tell();
    }
    const last = Math.ceil(paths.length / share);
    for (; told < last; yield* tell()) if (!done.has(told) && thread !== null) await once(thread, "message");
  } finally {
    await thread?.terminate();
  }
}

/** Sources cannot be loaded by a thread, on every Node: there is one thread then. */
function startThread(shares: Shares): Worker | null {
  const extension = extname(import.meta.url);
  if (extension !== ".js") return null;
  return new Worker(new URL(`./check-thread${extension}`, import.meta.url), { workerData: shares });
}
