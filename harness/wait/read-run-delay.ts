import { readdirSync, readFileSync } from "node:fs";

const nanosecondsPerMillisecond = 1e6;

/**
 * Milliseconds in which a process could have run and had no processor, as that of its threads has it that waited longest; 0
 * where the process is gone, or the kernel does not count (CONFIG_SCHED_INFO). Source: Documentation/scheduler/sched-stats.rst,
 * /proc/PID/schedstat, second field.
 */
export function readRunDelay(pid: number): number {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return Math.max(...threads.map((thread) => readDelay(`/proc/${pid}/task/${thread}/schedstat`)));
  } catch {
    return 0;
  }
}

function readDelay(path: string): number {
  try {
    const delay = Number(readFileSync(path, "utf8").split(" ")[1]) / nanosecondsPerMillisecond;
    return Number.isFinite(delay) ? delay : 0;
  } catch {
    return 0;
  }
}
