/** Two processes that want the same template at once, neither of which was there before. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { fakeQemu } from "../testing/fake-plan.ts";
import { listProcesses } from "../testing/find-processes.ts";
import { retryUntil } from "../wait/retry-until.ts";

// Whole programs are started here, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

const builder = fileURLToPath(new URL("../testing/template-builder.ts", import.meta.url));
const runTypescript = new URL("../testing/run-typescript.mjs", import.meta.url).href;
const freezing = "Freezing a booted kernel as a template: none of this kernel, QEMU and machine yet";
const signal = new AbortController().signal;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zt-"));
  await mkdir(join(folder, "scratch"));
  // Whichever machine comes to its boot first stands still there.
  await writeFile(join(folder, "token"), "");
});
afterEach(async () => {
  for (const { pid } of await listProcesses(folder)) process.kill(pid, "SIGKILL");
  await rm(folder, { recursive: true });
});

/** A process that wants the template, and what it has said so far. */
function startBuilder() {
  const [log, token] = [join(folder, "log"), join(folder, "token")];
  const day = { log, fate: { whose: "template", phase: "boot", signal: "SIGSTOP", token } };
  const argv = ["--import", runTypescript, builder];
  const child = spawn(process.execPath, [...argv, join(folder, "cache"), join(folder, "scratch"), fakeQemu], {
    env: { ...process.env, FAKE_QEMU: JSON.stringify(day) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  createInterface(child.stdout).on("line", (line) => lines.push(line));
  return { child, lines, exited: once(child, "exit") };
}

const until = (what: string, check: () => boolean | Promise<boolean>): Promise<void> =>
  retryUntil({ what, limit: 40_000, signal }, async () => {
    if (!(await check())) throw new Error("not yet");
  });

const readLog = (): Promise<string[]> =>
  readFile(join(folder, "log"), "utf8").then(
    (text) => text.trim().split("\n"),
    () => [],
  );

/** A builder whose machine stands still in its boot, and another one that waits for it. */
async function startTwo() {
  const first = startBuilder();
  await until("the machine to boot", async () => (await readLog()).includes("template boot"));
  const second = startBuilder();
  const waiting = `Waiting for process ${first.child.pid ?? 0}, which is freezing a booted kernel as a template`;
  await until("the second to wait", () => second.lines.length > 0);
  expect(second.lines).toEqual([waiting]);
  const [machine, ...others] = (await listProcesses(folder)).filter(({ command }) => command.includes("mem-path"));
  expect(others).toEqual([]);
  return { first, second, machine, waiting };
}

async function expectOneTemplate(): Promise<void> {
  expect(await listProcesses(folder)).toEqual([]);
  const [key = "none", ...others] = await readdir(join(folder, "cache/template"));
  expect(others).toEqual([]);
  expect((await readdir(join(folder, "cache/template", key))).sort()).toEqual(["manifest.json", "memory", "state"]);
}

it("has one make it; the other says for whom it waits, and takes what was made", async () => {
  const { first, second, machine, waiting } = await startTwo();
  process.kill(machine?.pid ?? 0, "SIGCONT");
  await Promise.all([first.exited, second.exited]);
  expect(first.lines).toEqual([freezing, "template"]);
  expect(second.lines).toEqual([waiting, "template"]);
  expect((await readLog()).filter((line) => line === "template boot")).toHaveLength(1);
  await expectOneTemplate();
  expect(await readdir(join(folder, "scratch"))).toEqual([]);
});

it("has the other one make it where the first is killed", async () => {
  const { first, second, waiting } = await startTwo();
  first.child.kill("SIGKILL");
  await Promise.all([first.exited, second.exited]);
  expect(first.lines).toEqual([freezing]);
  expect(second.lines).toEqual([waiting, freezing, "template"]);
  expect((await readLog()).filter((line) => line === "template boot")).toHaveLength(2);
  await expectOneTemplate();
});
