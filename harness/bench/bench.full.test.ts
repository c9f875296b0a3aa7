/** The benchmark as a program, on a real kernel: that it measures everything it promises, not how fast this machine is. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildCommand, type BuiltCommand } from "../testing/build-command.ts";
import { benchmarkSchema } from "./benchmark-record.ts";
import { findProcessesOf } from "./processes.ts";

let built: BuiltCommand;
let temporary: string;
beforeAll(async () => {
  built = await buildCommand();
  temporary = await mkdtemp(join(tmpdir(), "zb-"));
});
afterAll(async () => {
  await built[Symbol.asyncDispose]();
  await rm(temporary, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

const bench = (argv: readonly string[], interruptAt?: RegExp): Promise<Ended> =>
  new Promise((resolve) => {
    const env = { ...process.env, TMPDIR: temporary };
    const child = execFile(process.execPath, [built.program, "bench", ...argv], { env }, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, stdout, stderr });
    });
    let seen = "";
    child.stderr?.on("data", (text: string) => {
      seen += text;
      if (interruptAt?.test(seen) !== true) return;
      child.kill("SIGINT");
      interruptAt = undefined;
    });
  });

it("gives every figure, each beside its baseline and its bar, and leaves nothing behind", async () => {
  const { code, stdout, stderr } = await bench(["--quick", "--json"]);
  expect(code, stderr).toBe(0);
  const record = benchmarkSchema.parse(JSON.parse(stdout));
  expect(record.quick).toBe(true);
  const figures = Object.fromEntries(record.figures.map((figure) => [figure.figure, figure]));
  expect(Object.keys(figures)).toEqual([
    ...["spawn", "thaw-512", "thaw-4096", "thaw-by-memory"],
    ...["clone-against-cold", "clone-against-cold-alone", "clone-against-debian", "clone-against-debian-alone"],
    ...[
      "idle-memory",
      "dma-round-trips",
      "message-share",
      "run",
      "run-usual-jobs",
      "run-other-verdicts",
      "run-orphans",
    ],
    ...["run-memory-growth", "run-cpu-share", "run-cost-growth"],
  ]);
  for (const figure of record.figures) {
    expect(figure.value, figure.figure).not.toBeNull();
    expect(figure.state === "shown").toBe(figure.bar === null);
    // What was measured is no joke of a clock: nothing of all this is done in no time or takes an hour.
    if (figure.unit === "ms") expect(figure.value).toSatisfy((value: number) => value > 1 && value < 3_600_000);
  }
  // Whatever the machine: these are not about speed.
  expect(figures["run-other-verdicts"]?.value).toBe(0);
  expect(figures["run-orphans"]?.value).toBe(0);
  expect(figures["thaw-512"]?.spread?.n).toBe(15);
  expect(figures["clone-against-cold"]?.ratio).toBeGreaterThan(1);
  expect(record.runs.map(({ scenarios }) => scenarios)).toEqual([10, 30, 100, 100]);
  expect(record.breakdowns[0]?.phases.map(({ name }) => name)).toEqual([
    ...["spawn", "load", "first answer", "plug", "operations", "verdict", "teardown", "planning, evidence"],
  ]);
  const operations = record.breakdowns[0]?.phases.find(({ name }) => name === "operations");
  expect(operations?.inside.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["bind", "attach", "detach", "observing, there and back"]),
  );
  expect(stderr).toContain("attach-detach alone on a clone");
  expect(await readdir(temporary)).toEqual([]);
  expect(findProcessesOf([temporary])).toEqual([]);
});

it("says of a kernel that cannot be had which figures lack it, and gives the others, with 2", async () => {
  const { code, stdout } = await bench(["--quick", "--json", "--only", "scenario", "--debian", "1.0"]);
  expect(code).toBe(2);
  const { figures } = benchmarkSchema.parse(JSON.parse(stdout));
  expect(figures.map(({ figure, state }) => [figure, state])).toEqual([
    ["clone-against-cold", expect.stringMatching(/^(?:met|missed)$/u)],
    ["clone-against-cold-alone", "shown"],
    ["clone-against-debian", "unmeasured"],
    ["clone-against-debian-alone", "unmeasured"],
  ]);
  expect(figures.at(-1)?.note).toContain("1.0");
});

it("ends in order when interrupted, without a figure", async () => {
  const { code, stdout, stderr } = await bench(["--quick", "--json", "--only", "runs"], /30 scenarios/u);
  expect(stderr).toContain("The run was interrupted by SIGINT");
  expect(stdout).toBe("");
  expect(code).toBe(2);
  expect(await readdir(temporary)).toEqual([]);
  expect(findProcessesOf([temporary])).toEqual([]);
});
