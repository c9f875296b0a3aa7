import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { childrenSecondsOf, findProcessesOf, sumPrivate } from "./processes.ts";

const rollup = `55d0c0000000-7ffd0a7f2000 ---p 00000000 00:00 0                  [rollup]
Rss:               61044 kB
Shared_Clean:      38000 kB
Shared_Dirty:        100 kB
Private_Clean:      2048 kB
Private_Dirty:     18432 kB
Private_Hugetlb:     512 kB
`;

it("counts the pages that nobody else has, clean and dirty", () => {
  expect(sumPrivate(rollup)).toBe(20 * 2 ** 20);
});

it("reads what the kernel writes, too", () => {
  expect(sumPrivate(readFileSync("/proc/self/smaps_rollup", "utf8"))).toBeGreaterThan(2 ** 20);
});

it("adds up the time of children in user and kernel mode", () => {
  // Fields 3 to 18 of proc(5): state, ppid, … utime 70, stime 30, cutime 250, cstime 50, priority.
  const fields = "S 1 2 2 0 -1 4194304 9 9 9 9 70 30 250 50 20".split(" ");
  expect(childrenSecondsOf(fields)).toBe(3);
});

it("finds the processes that name a folder, and no other", async () => {
  const folder = `/a folder of ${process.pid}`;
  const child = spawn(process.execPath, ["-e", "process.stdin.resume()", `${folder}/file`]);
  await once(child, "spawn");
  try {
    expect(findProcessesOf([folder])).toEqual([child.pid]);
    expect(findProcessesOf([`${folder}0`])).toEqual([]);
  } finally {
    child.kill();
    await once(child, "exit");
  }
});
