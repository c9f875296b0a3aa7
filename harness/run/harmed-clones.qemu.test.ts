/** Clones on a real QEMU that are harmed while others run beside them: each for itself, and nothing is left. */
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { parseScenario } from "../../src/scenario/parse.ts";
import type { Assets } from "../assets/assets.ts";
import { prepareAssets } from "../assets/prepare-assets.ts";
import { ReporterGroup, type Reporter, type RunResult } from "../report/reporter.ts";
import { failuresOf } from "../testing/fake-suite.ts";
import { findProcesses, listProcesses } from "../testing/find-processes.ts";
import { openBenchOn } from "./emulated-bench.ts";
import { runSuite } from "./run-suite.ts";

const signal = new AbortController().signal;
const steps = "[{ take-iommufd: { function: a } }, { ioas-alloc: { ioas: A } }, { attach: { function: a, to: A } }]";
const smallest = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    parseScenario(
      `{ name: attach-${index}, summary: Something is attached, tags: [test], functions: { a: virtio-rng }, steps: ${steps} }`,
      `attach-${index}.yaml`,
    ),
  );

let assets: Assets;
let folder: string;
let scratch: string;
let said: string[];
let runs = 0;
beforeAll(async () => {
  assets = await prepareAssets({ report: () => undefined, signal });
  folder = await mkdtemp(join(tmpdir(), "zt-"));
  scratch = join(folder, "tmp");
  await mkdir(scratch);
});
beforeEach(() => {
  said = [];
  vi.stubEnv("TMPDIR", scratch);
  vi.stubEnv("ZHIL_CACHE", join(folder, "cache"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  expect(await findProcesses(scratch)).toEqual([]);
  expect(await readdir(scratch)).toEqual([]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function run(count: number, qemu: Assets["qemu"] = assets.qemu, reporter?: Reporter): Promise<RunResult> {
  const runFolder = join(folder, `run${runs++}`);
  await mkdir(runFolder);
  const report = (progress: { kind: string; text?: string }): void => void said.push(progress.text ?? "");
  await using bench = await openBenchOn({ ...assets, qemu }, [], { boot: "clone", report, signal });
  return await runSuite(
    { broken: [], scenarios: smallest(count) },
    {
      ...{ bench, ledger: [], runFolder, keep: false, reproduce: () => "", signal, jobs: 4 },
      reporters: new ReporterGroup(reporter === undefined ? [] : [reporter]),
    },
  );
}

it("goes on when machines are killed, whatever they are doing: each is its own scenario's error", async () => {
  expect(failuresOf(await run(1))).toEqual([]);
  said = [];
  const count = 24;
  let started = 0;
  let killed = 0;
  const killSome = async (): Promise<void> => {
    const machines = (await listProcesses(scratch)).filter(({ command }) => command.includes("-incoming"));
    const victim = machines[Math.floor(Math.random() * machines.length)];
    if (victim === undefined) return;
    killed += 1;
    try {
      process.kill(victim.pid, "SIGKILL");
    } catch {
      // It was over just then.
    }
  };
  const kills: Promise<void>[] = [];
  const result = await run(count, assets.qemu, {
    name: "kills",
    started: () => {
      started += 1;
      if (started % 3 === 0) kills.push(killSome());
    },
  });
  await Promise.all(kills);
  expect(killed).toBeGreaterThan(3);
  expect(result.records).toHaveLength(count);
  const failures = failuresOf(result);
  expect(failures.length).toBeGreaterThan(0);
  expect(failures.length).toBeLessThanOrEqual(killed);
  for (const { verdict, reason } of failures) {
    expect({ verdict, reason }).toEqual({
      verdict: "error",
      reason: expect.stringMatching(/was ended by SIGKILL/u) as string,
    });
  }
  expect(said).toEqual([]);
});

it("goes on when one machine cannot have its memory, and says so", async () => {
  expect(failuresOf(await run(1))).toEqual([]);
  said = [];
  const token = join(folder, "token");
  await writeFile(token, "");
  // Whoever finds the token has less address space than the machine has RAM.
  const script = 'if rm "$0" 2>/dev/null; then exec prlimit --as=300000000 -- "$@"; else exec "$@"; fi';
  const argv = ["sh", "-c", script, token, ...assets.qemu.argv] as const;
  const failures = failuresOf(await run(8, { ...assets.qemu, argv }));
  expect(failures).toEqual([
    { verdict: "error", reason: expect.stringMatching(/^Cannot start QEMU .*annot allocate/u) as string },
  ]);
  expect(said).toEqual([]);
});

it("goes on when the template is deleted: clones that run have it open, the next ones have a new one", async () => {
  expect(failuresOf(await run(1))).toEqual([]);
  said = [];
  let ended = 0;
  const result = await run(16, assets.qemu, {
    name: "deletes",
    // At once: were it done in the background, every machine of the run might have been prepared by then.
    ended: () => {
      ended += 1;
      if (ended === 4) rmSync(join(folder, "cache/template"), { recursive: true });
    },
  });
  expect(failuresOf(result)).toEqual([]);
  expect(said).toEqual(["Freezing a booted kernel as a template: the one that was used until now is gone"]);
});
