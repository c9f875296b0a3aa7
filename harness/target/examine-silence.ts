/** Why an operation has no answer: the supervisor tells a dead worker, a stuck one and a dead kernel apart. */
import type { Value } from "../../src/trace/observation.ts";
import type { WorkerReport } from "../agent/answers.ts";
import { describeWorker, type WatchClient } from "../agent/watch-client.ts";
import type { StartedQemu } from "../qemu/started-qemu.ts";
import { findMachineEnd } from "./machine-failure.ts";

/** Frames of a stack that an alarm names. */
const namedFrames = 5;

/** What became of a worker that does not answer. */
export type Silence =
  | {
      /** The kernel is alive and does not let the worker go. */
      readonly kind: "hang";
      readonly alarm: string;
      readonly evidence: Value;
    }
  | { readonly kind: "panicked" }
  | {
      /** Nothing that the kernel can be blamed for with certainty. */
      readonly kind: "unexplained";
      readonly why: string;
    };

/** Asks the supervisor, who has `limit` milliseconds to answer, what became of the worker. */
export async function examineSilence(
  silence: Error,
  watch: WatchClient,
  machine: StartedQemu,
  limit: number,
  signal: AbortSignal,
): Promise<Silence> {
  let report: WorkerReport;
  try {
    report = await watch.ping(signal, limit);
  } catch (error) {
    signal.throwIfAborted();
    const end = await findMachineEnd(error, machine);
    if (end?.kind === "panicked") return { kind: "panicked" };
    return { kind: "unexplained", why: `the kernel does not answer any more; ${silence.message}` };
  }
  const { worker, stack, syscall, uptime } = report;
  if (worker.state !== "running") return { kind: "unexplained", why: describeWorker(report) };
  // A worker that waits for a request has answered the last one, or never had it.
  if (stack.some((frame) => frame.includes("port_fops_"))) {
    return { kind: "unexplained", why: `the agent waits for a request; ${silence.message}` };
  }
  // "running" is all that /proc/PID/syscall says of a task that is on a CPU or about to be: it may be the agent's own loop.
  if (stack.length === 0 && (syscall === "" || syscall.startsWith("running"))) {
    return { kind: "unexplained", why: `the agent computes and does not answer; ${silence.message}` };
  }
  const frames = stack.map(nameFrame).filter((frame) => frame !== "");
  const where =
    frames.length > 0 ? frames.slice(0, namedFrames).join(" < ") : `system call ${syscall.split(" ")[0] ?? ""}`;
  return {
    kind: "hang",
    alarm: `hang in ${where}`,
    evidence: { stack, syscall, uptime: uptime ?? null },
  };
}

/** The function of a line of /proc/PID/stack such as `[<0>] schedule+0x12/0x34`. */
function nameFrame(line: string): string {
  return /^(?:\[<[0-9a-f]+>\] )?(?<symbol>[^+\s]+)/.exec(line.trim())?.groups?.["symbol"] ?? "";
}
