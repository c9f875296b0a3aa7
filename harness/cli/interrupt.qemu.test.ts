/** Runs of four scenarios at a time, and as many machines started ahead, that are interrupted or killed outright. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { recordSchema } from "../evidence/record.ts";
import { buildCommand, type BuiltCommand } from "../testing/build-command.ts";
import { findProcesses } from "../testing/find-processes.ts";
import { scenarioText, temporaryFolder } from "../testing/scenario-files.ts";
import { retryUntil } from "../wait/retry-until.ts";

let command: BuiltCommand;
beforeAll(async () => {
  command = await buildCommand();
});
afterAll(() => command[Symbol.asyncDispose]());

/** A folder with forty scenarios. */
const makeFolder = () => {
  const names = Array.from({ length: 40 }, (_, index) => `scenario-${String(index).padStart(3, "0")}`);
  return temporaryFolder(Object.fromEntries(names.map((name) => [`scenarios/${name}.yaml`, scenarioText(name)])));
};

/** Starts a run of the scenarios there whose scratch folder is in `scratch`. */
function startRun(folder: string, scratch: string, ...argv: readonly string[]) {
  const words = [command.program, "run", "--json", "-j", "4", "--scenarios", "scenarios", ...argv];
  return spawn(process.execPath, words, {
    cwd: folder,
    env: { ...process.env, TMPDIR: scratch },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

const exitOf = async (child: ChildProcess): Promise<number | null> =>
  ((await once(child, "exit")) as [number | null])[0];

it.each([
  ["SIGINT", 1, 2],
  ["SIGTERM", 1, 2],
  ["SIGINT", 2, 130],
] as const)(
  "%s, %i times: no process and no scratch is left, and what was had is kept",
  async (signal, times, expected) => {
    await using folder = await makeFolder();
    await using scratch = await temporaryFolder();
    const child = startRun(folder.path, scratch.path);
    const exited = exitOf(child);
    const said = { stdout: "", stderr: "" };
    child.stderr.on("data", (chunk: Buffer) => {
      const asked = said.stderr.includes("Ctrl-C once more");
      said.stderr += chunk.toString();
      if (times === 2 && !asked && said.stderr.includes("Ctrl-C once more")) child.kill(signal);
    });
    child.stdout.on("data", (chunk: Buffer) => {
      // At the first record others are under way, and some wait for their turn.
      if (said.stdout === "") child.kill(signal);
      said.stdout += chunk.toString();
    });

    expect(await exited, said.stderr).toBe(expected);
    expect(await findProcesses(scratch.path)).toEqual([]);
    expect(await readdir(scratch.path)).toEqual([]);
    const records = said.stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => recordSchema.parse(JSON.parse(line)));
    expect(records[0]?.verdict).toBe("pass");
    for (const { evidence, scenario } of records) {
      expect(await readFile(join(evidence, "record.json"), "utf8")).toContain(scenario);
    }
    if (times === 2) return;
    expect(said.stderr).toMatch(/Interrupted: \d+ not run/u);
    // Whatever had no turn has left no evidence, though its machine was there; the page is of what was had.
    const kept = await readdir(join(folder.path, "zhil-runs", "latest"));
    expect(kept.sort()).toEqual(["report.html", ...records.map(({ scenario }) => scenario)].sort());
  },
);

it("SIGKILL: no machine outlives the run, and the next one removes what it left", async () => {
  await using folder = await makeFolder();
  await using scratch = await temporaryFolder();
  const child = startRun(folder.path, scratch.path);
  const exited = exitOf(child);
  const countMachines = async (isEnough: (count: number) => boolean, limit: number, what: string): Promise<void> => {
    const wait = { what, limit, signal: new AbortController().signal };
    await retryUntil(wait, async () => {
      const { length } = await findProcesses(scratch.path);
      if (!isEnough(length)) throw new Error(`${length} are there`);
    });
  };
  await countMachines((count) => count > 4, 30_000, "machines that came up before their turn");
  child.kill("SIGKILL");
  await exited;
  await countMachines((count) => count === 0, 5_000, "the machines to be gone");
  const [leftover = "none", ...others] = await readdir(scratch.path);
  expect(others).toEqual([]);
  expect(leftover).toMatch(/^zhil-run-/u);

  const next = startRun(folder.path, scratch.path, "scenario-001");
  const [code, stderr] = await Promise.all([exitOf(next), text(next.stderr), text(next.stdout)]);
  expect(code, stderr).toBe(0);
  expect(stderr).toContain(`Removed what a run that was killed left: ${join(scratch.path, leftover)}`);
  expect(await readdir(scratch.path)).toEqual([]);
});
