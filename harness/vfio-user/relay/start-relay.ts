/** The relay between a client and a server of ours: it keeps what Node.js cannot receive, the eventfds of interrupts. */
import { ClosedError, InfrastructureError } from "../../errors/harness-error.ts";
import { killGroup } from "../../lifecycle/kill-group.ts";
import type { Scratch } from "../../lifecycle/scratch.ts";
import { killLimit, startTalkingProcess } from "../../lifecycle/start-process.ts";
import { LineSplitter } from "../../qmp/line-splitter.ts";
import { withLimit } from "../../wait/with-limit.ts";

const answers = ["raised", "silent"] as const;

/** What became of an interrupt: the client's eventfd was written, or it had given none for the vector. */
export type Raised = (typeof answers)[number];

/** Bytes of a line of the relay. */
const lineLimit = 64;
/** Milliseconds for it to start, and to answer. */
const answerLimit = 5_000;
const stderrLimit = 4096;

/** A relay at work; its end closes the connection that it has. */
export interface Relay extends AsyncDisposable {
  /**
   * Raises the interrupt of a vector. Resolves when the client's eventfd has been written.
   * @throws {HarnessError} where the relay has ended
   */
  raise(vector: number): Promise<Raised>;
}

/** What a relay is started with. */
export interface RelayPlace {
  /** Path of the compiled relay. */
  readonly program: string;
  /** Path of the socket that clients connect to. */
  readonly listen: string;
  /** Path of the socket that the server listens on. */
  readonly server: string;
  readonly scratch: Scratch;
}

/**
 * Starts a relay, and waits until clients may come.
 * @throws {HarnessError} where it does not start
 */
export async function startRelay({ program, listen, server, scratch }: RelayPlace): Promise<Relay> {
  const child = startTalkingProcess([program, listen, server], scratch);
  const splitter = new LineSplitter(lineLimit);
  const waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];
  const over = new AbortController();
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-stderrLimit);
  });
  const close = (cause: unknown): void => {
    const words = stderr.trim() === "" ? "" : `: ${stderr.trim()}`;
    over.abort(new ClosedError({ what: `The relay of interrupts has ended${words}`, cause }));
    for (const { reject } of waiting.splice(0)) reject(over.signal.reason as Error);
  };
  child.stdout.on("data", (chunk: Buffer) => {
    try {
      for (const line of splitter.push(chunk)) waiting.shift()?.resolve(line);
    } catch (error) {
      close(error);
    }
  });
  // A write to a relay that has ended fails, which its end has told already.
  child.stdin.on("error", () => undefined);
  const ended = child.then(close);

  const nextLine = async <T extends string>(expected: readonly T[]): Promise<T> => {
    const wait = { what: "the answer of the relay of interrupts", limit: answerLimit, signal: over.signal };
    const line = await withLimit(
      wait,
      () => new Promise<string>((resolve, reject) => void waiting.push({ resolve, reject })),
    );
    const found = expected.find((each) => each === line);
    if (found !== undefined) return found;
    throw new InfrastructureError({
      what: `The relay of interrupts says "${line}", expected "${expected.join('" or "')}"`,
    });
  };
  const stop = async (): Promise<void> => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) killGroup(child.pid);
    const never = new AbortController().signal;
    await withLimit({ what: "the relay of interrupts to be gone", limit: killLimit, signal: never }, () => ended);
  };
  try {
    await nextLine(["listening"]);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    raise: async (vector) => {
      const answer = nextLine(answers);
      child.stdin.write(`raise ${vector}\n`);
      return answer;
    },
    [Symbol.asyncDispose]: stop,
  };
}
