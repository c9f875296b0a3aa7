/** Many traces, judged by two threads: a thousand of them is a second's work for each. */
import { basename, dirname, extname } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { Ledger } from "../../src/verdict/ledger.ts";
import { describeError } from "../errors/describe-error.ts";
import { evidenceFiles } from "../evidence/scenario-folder.ts";
import { compileLate } from "../lifecycle/compile-late.ts";
import { TraceChecker, type CheckedTrace } from "./check-trace.ts";

/** Traces that are judged in one go. */
const share = 20;
/** Fewer than this many are judged before a thread has begun. */
const worthThread = 200;

/** What a trace was found to be, or in lines why it cannot be told. */
export type Checked = CheckedTrace | { readonly unreadable: readonly string[] };

/** What is to be judged, and by what. */
export interface Work {
  readonly paths: readonly string[];
  readonly ledger: Ledger;
}

/** The number of the share that is to be judged next, which threads have in common. */
export type NextShare = Int32Array<SharedArrayBuffer>;

/** A share that was judged. */
export interface CheckedShare {
  readonly share: number;
  readonly checked: readonly Checked[];
}

/** Judges shares, each that nobody else took, until none is left. */
export async function* takeShares({ paths, ledger }: Work, next: NextShare): AsyncGenerator<CheckedShare> {
  const checker = new TraceChecker(ledger);
  for (;;) {
    const number = Atomics.add(next, 0, 1);
    const checked = await checkShare(paths, number, checker);
    if (checked.length === 0) return;
    yield { share: number, checked };
  }
}

/** Judges one share; gives nothing for one that there is not. */
async function checkShare(
  paths: readonly string[],
  number: number,
  checker: TraceChecker,
): Promise<readonly Checked[]> {
  const checked: Checked[] = [];
  for (const path of paths.slice(number * share, (number + 1) * share)) {
    checked.push(await checker.check(path).catch((error: unknown) => ({ unreadable: describeError(error) })));
  }
  return checked;
}

/** Starts a thread that is sent {@link Work}, takes shares of it, and sends each when it is judged; null where there can be none. */
export type StartThread = (next: NextShare) => Worker | null;

/**
 * Judges traces, and tells of them in their order. What another thread took and did not send before it ended, for whatever reason, is
 * judged here.
 * @throws the signal's reason where it is aborted
 */
export async function* checkAll(
  paths: readonly string[],
  readLedger: () => Promise<Ledger>,
  signal: AbortSignal,
  start: StartThread = startThread,
): AsyncGenerator<Checked> {
  const next: NextShare = new Int32Array(new SharedArrayBuffer(4));
  const isMany = paths.length >= worthThread;
  if (isMany) compileLate();
  // It begins while the ledger is read.
  const thread = isMany ? start(next) : null;
  let isAlone = thread === null;
  // It ends then, which is what counts: without anybody to hear of the error this program would.
  thread?.on("error", () => undefined);
  thread?.on("exit", () => (isAlone = true));
  // One scenario's after the other, whatever runs they are of: they are likely to be of the same plan.
  const order = [...paths.keys()].sort((one, other) => compareText(nameOf(paths[one]), nameOf(paths[other])));
  const ordered = order.map((index) => paths[index] ?? "");
  const open = new Set(Array.from({ length: Math.ceil(paths.length / share) }, (_, number) => number));
  const done = new Map<number, Checked>();
  const take = ({ share: number, checked }: CheckedShare): void => {
    open.delete(number);
    for (const [at, each] of checked.entries()) done.set(order[number * share + at] ?? 0, each);
  };
  let told = 0;
  function* tell(): Generator<Checked> {
    for (let ready = done.get(told); ready !== undefined; ready = done.get(++told)) {
      done.delete(told);
      yield ready;
    }
  }
  thread?.on("message", take);
  try {
    const work: Work = { paths: ordered, ledger: await readLedger() };
    thread?.postMessage(work);
    for await (const checked of takeShares(work, next)) {
      take(checked);
      // Messages of the other thread, and signals, come between two turns.
      await nextTurn();
      signal.throwIfAborted();
      yield* tell();
    }
    const checker = new TraceChecker(work.ledger);
    for (let [number] = open; number !== undefined; [number] = open) {
      if (thread !== null && !isAlone) await newsOf(thread, signal);
      else take({ share: number, checked: await checkShare(ordered, number, checker) });
      signal.throwIfAborted();
      yield* tell();
    }
    yield* tell();
  } finally {
    await thread?.terminate();
  }
}

/** The name that runs give a scenario's trace: of its folder, or of the file where it was sent alone. */
const nameOf = (path = ""): string => basename(basename(path) === evidenceFiles.trace ? dirname(path) : path);

const compareText = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

/** Waits until a thread sends something, or has ended, or nobody wants to know any more. */
const newsOf = (thread: Worker, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const heard = (): void => {
      thread.off("message", heard).off("exit", heard);
      signal.removeEventListener("abort", heard);
      resolve();
    };
    thread.on("message", heard).on("exit", heard);
    signal.addEventListener("abort", heard);
  });

/** Sources cannot be loaded by a thread, on every Node: there is one thread then. */
function startThread(next: NextShare): Worker | null {
  const extension = extname(import.meta.url);
  if (extension !== ".js") return null;
  return new Worker(new URL(`./check-thread${extension}`, import.meta.url), { workerData: next });
}
