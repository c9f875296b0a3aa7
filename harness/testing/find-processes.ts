/** Who still runs: for tests that look for what is left. */
import { readdir, readFile } from "node:fs/promises";

/** Command lines of the processes whose arguments name a folder; those that have ended and wait to be read have none. */
export async function findProcesses(folder: string): Promise<string[]> {
  return (await listProcesses(folder)).map(({ command }) => command);
}

/** The processes whose arguments name a folder. */
export async function listProcesses(folder: string): Promise<{ readonly pid: number; readonly command: string }[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/u.test(name));
  const all = await Promise.all(
    pids.map(async (pid) => ({
      pid: Number(pid),
      command: await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""),
    })),
  );
  return all.filter(({ command }) => command.includes(folder));
}
