import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { fakeQemu } from "../testing/fake-plan.ts";
import { retryUntil } from "../wait/retry-until.ts";
import { identifyProcess, isAlive, readProcessRealm, type ProcessIdentity } from "./process-identity.ts";
import { reapLeftovers } from "./reap-leftovers.ts";
import { createScratch, ownerFile, scratchPrefix } from "./scratch.ts";

// Whole programs are started here, on machines that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const orchestrator = fileURLToPath(new URL("../testing/orchestrator.ts", import.meta.url));
const runTypescript = new URL("../testing/run-typescript.mjs", import.meta.url).href;
const never = new AbortController().signal;

let parent: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "zt-"));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await reapLeftovers({ parent });
  await rm(parent, { recursive: true });
});

interface Run {
  readonly child: ChildProcess;
  readonly machine: ProcessIdentity;
  readonly lines: string[];
}

/** A run in a process of its own, in the middle of an operation. */
async function startRun(environment: NodeJS.ProcessEnv = {}): Promise<Run> {
  const child = spawn(process.execPath, ["--import", runTypescript, orchestrator, parent, fakeQemu], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...environment },
  });
  children.push(child);
  const lines: string[] = [];
  const reader = createInterface(child.stdout);
  reader.on("line", (line) => lines.push(line));
  const [line] = (await once(reader, "line")) as [string];
  const machine = identifyProcess(Number(/^ready (\d+)$/.exec(line)?.[1]));
  return { child, machine: machine!, lines };
}

const untilGone = (process: ProcessIdentity): Promise<void> =>
  retryUntil({ what: "the machine to be gone", limit: 5000, signal: never }, () => {
    if (isAlive(process)) throw new Error("it is still there");
  });

it("ends a machine with its run where the run is killed, and removes the folder at the next", async () => {
  const { child, machine } = await startRun();
  child.kill("SIGKILL");
  await once(child, "exit");
  await untilGone(machine);
  const [folder] = await readdir(parent);
  expect(await reapLeftovers({ parent })).toEqual([{ path: join(parent, folder!), pids: [] }]);
  expect(await readdir(parent)).toEqual([]);
});

it("ends a machine that outlived its killed run", async () => {
  // Without setpriv nothing tells a machine that its run died.
  const { child, machine } = await startRun({ PATH: "" });
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(isAlive(machine)).toBe(true);
  expect(await reapLeftovers({ parent })).toMatchObject([{ pids: [machine.pid] }]);
  expect(isAlive(machine)).toBe(false);
  expect(await readdir(parent)).toEqual([]);
});

it.each(["SIGINT", "SIGTERM"] as const)("leaves nothing to reap where a run is interrupted by %s", async (signal) => {
  const { child, machine, lines } = await startRun();
  child.kill(signal);
  const [code] = (await once(child, "exit")) as [number];
  expect(code).toBe(2);
  expect(lines.at(-1)).toBe(`The run was interrupted by ${signal}`);
  expect(isAlive(machine)).toBe(false);
  expect(await readdir(parent)).toEqual([]);
});

it("leaves a running run alone", async () => {
  await using scratch = await createScratch({ parent });
  expect(await reapLeftovers({ parent })).toEqual([]);
  expect(await readdir(parent)).toEqual([scratch.path.slice(parent.length + 1)]);
});

/** A folder as a run leaves it that had this owner. */
async function leaveFolder(name: string, owner: object | null): Promise<string> {
  const path = join(parent, name);
  await mkdir(path);
  if (owner !== null) await writeFile(join(path, ownerFile), JSON.stringify(owner));
  return path;
}

it("removes folders of an earlier boot, and ownerless ones only when they are old", async () => {
  const earlier = await leaveFolder(`${scratchPrefix}earlier`, {
    ...identifyProcess(process.pid),
    realm: "another-boot pid:[1]",
  });
  const old = await leaveFolder(`${scratchPrefix}old`, null);
  const young = await leaveFolder(`${scratchPrefix}young`, null);
  await utimes(old, new Date(0), new Date(0));
  const paths = (await reapLeftovers({ parent })).map(({ path }) => path);
  expect(paths.sort()).toEqual([earlier, old].sort());
  expect(await readdir(parent)).toEqual([young.slice(parent.length + 1)]);
});

it("leaves folders of another PID namespace and things that are no folders alone", async () => {
  const [boot] = readProcessRealm().split(" ");
  await leaveFolder(`${scratchPrefix}container`, { pid: 999_999, startTime: "1", realm: `${boot} pid:[1]` });
  await writeFile(join(parent, `${scratchPrefix}file`), "");
  expect(await reapLeftovers({ parent })).toEqual([]);
  expect((await readdir(parent)).sort()).toEqual([`${scratchPrefix}container`, `${scratchPrefix}file`]);
});

it("ends no process whose number was noted but which is somebody else's", async () => {
  const path = await leaveFolder(`${scratchPrefix}dead`, { pid: 999_999, startTime: "1", realm: readProcessRealm() });
  const stranger = spawn(process.execPath, ["-e", "setInterval(() => undefined, 1000)"], { detached: true });
  const reused = spawn(process.execPath, ["-e", "setInterval(() => undefined, 1000)", path], { detached: true });
  children.push(stranger, reused);
  const [one, two] = [identifyProcess(stranger.pid!)!, identifyProcess(reused.pid!)!];
  // The first does not mention the folder; the second does, but started at another time.
  const noted = [one, { ...two, startTime: "1" }];
  await appendFile(join(path, "processes.jsonl"), `${noted.map((each) => JSON.stringify(each)).join("\n")}\n{"pid":`);
  expect(await reapLeftovers({ parent })).toEqual([{ path, pids: [] }]);
  expect([isAlive(one), isAlive(two)]).toEqual([true, true]);
});
