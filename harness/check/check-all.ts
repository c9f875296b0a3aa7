/** Many traces, judged by two threads: a thousand of them is a second's work for each. */
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
export async function* takeShares(shares: Shares): AsyncGenerator<CheckedShare> {
  for (;;) {
    const number = Atomics.add(shares.next, 0, 1);
    const checked = await checkShare(shares, number);
    if (checked.length === 0) return;
    yield { share: number, checked };
  }
}

/** Judges one share; gives nothing for one that there is not. */
async function checkShare({ paths, ledger }: Shares, number: number): Promise<readonly Checked[]> {
  const checked: Checked[] = [];
  for (const path of paths.slice(number * share, (number + 1) * share)) {
    checked.push(await checkTrace(path, ledger).catch((error: unknown) => ({ unreadable: describeError(error) })));
  }
  return checked;
}

/** Starts a thread that takes shares and sends each when it is judged; null where there can be none. */
export type StartThread = (shares: Shares) => Worker | null;

/** Judges traces, in their order. What another thread took and did not send before it ended, for whatever reason, is judged here. */
export async function* checkAll(
  paths: readonly string[],
  ledger: Ledger,
  start: StartThread = startThread,
): AsyncGenerator<Checked> {
  const shares: Shares = { paths, ledger, next: new Int32Array(new SharedArrayBuffer(4)) };
  const done = new Map<number, readonly Checked[]>();
  let told = 0;
  function* tell(): Generator<Checked> {
    for (let ready = done.get(told); ready !== undefined; ready = done.get(++told)) {
      done.delete(told);
      yield* ready;
    }
  }
  const thread = paths.length < worthThread ? null : start(shares);
  let isAlone = thread === null;
  thread?.on("message", ({ share: number, checked }: CheckedShare) => done.set(number, checked));
  // It ends then, which is what counts: without anybody to hear of the error this program would.
  thread?.on("error", () => undefined);
  thread?.on("exit", () => (isAlone = true));
  try {
    for await (const { share: number, checked } of takeShares(shares)) {
      done.set(number, checked);
      // Messages of the other thread come between two turns.
      await nextTurn();
      yield* tell();
    }
    const last = Math.ceil(paths.length / share);
    for (; told < last; yield* tell()) {
      if (done.has(told)) continue;
      if (thread !== null && !isAlone) await newsOf(thread);
      else done.set(told, await checkShare(shares, told));
    }
  } finally {
    await thread?.terminate();
  }
}

/** Waits until a thread sends something, or has ended. */
const newsOf = (thread: Worker): Promise<void> =>
  new Promise((resolve) => {
    const heard = (): void => {
      thread.off("message", heard).off("exit", heard);
      resolve();
    };
    thread.on("message", heard).on("exit", heard);
  });

/** Sources cannot be loaded by a thread, on every Node: there is one thread then. */
function startThread(shares: Shares): Worker | null {
  const extension = extname(import.meta.url);
  if (extension !== ".js") return null;
  return new Worker(new URL(`./check-thread${extension}`, import.meta.url), { workerData: shares });
}
