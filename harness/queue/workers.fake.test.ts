/** Workers and nights in this process, on a real server: who can have a machine, what is left off, and what is left behind. */
import { once } from "node:events";
import type { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { InfrastructureError, InterruptedError } from "../errors/harness-error.ts";
import { callCli, type Call } from "../testing/call-cli.ts";
import { fakeBench, fakeProfile } from "../testing/fake-bench.ts";
import { configText, type Said } from "../testing/nights.ts";
import { startQueueServer, type QueueServer } from "../testing/redis.ts";
import { scenarioText, temporaryFolder, type TemporaryFolder } from "../testing/scenario-files.ts";
import { retryUntil } from "../wait/retry-until.ts";
import { parseQueueAddress } from "./address.ts";
import { connectQueue } from "./connect.ts";
import { takeLease } from "./lease.ts";
import { runWorker, type WorkerRun } from "./run-worker.ts";

const slow = { timeout: 60_000 };
const { signal } = new AbortController();
const names = ["one", "two", "three", "four"];

let home: TemporaryFolder;
let server: QueueServer;
let client: Redis;
beforeAll(async () => {
  home = await temporaryFolder();
  server = await startQueueServer(home.path, signal);
  client = await connectQueue(parseQueueAddress(server.url), signal);
});
afterAll(async () => {
  client.disconnect();
  await server[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
});

let folder: TemporaryFolder;
let endings: (() => Promise<void>)[];
beforeEach(async () => {
  endings = [];
  folder = await temporaryFolder({
    "zhil.config.ts": configText({ scenarios: { folder: "scenarios" } }),
    ...Object.fromEntries(names.map((name) => [`scenarios/${name}.yaml`, scenarioText(name)])),
  });
});
afterEach(async () => {
  for (const end of endings) await end();
  await folder[Symbol.asyncDispose]();
});

/** Starts a worker; it ends with the test. Gives what it had that counted, as it comes. */
function startWorker(changes: Partial<WorkerRun> = {}): string[] {
  const had: string[] = [];
  const interrupt = new AbortController();
  const working = runWorker({
    ...{ address: parseQueueAddress(server.url), jobs: 1, lease: 600, fence: null, once: false, ledger: [] },
    openBench: () => Promise.resolve(fakeBench()),
    onResult: ({ scenario }) => had.push(scenario),
    report: () => undefined,
    signal: interrupt.signal,
    ...changes,
  });
  endings.push(async () => {
    interrupt.abort(new Error("the test is over"));
    await working;
  });
  return had;
}

async function runNight(interrupt?: AbortSignal): Promise<Call & { readonly said: Said }> {
  const argv = ["nightly", "--queue", server.url, "--json"];
  const call = await callCli(argv, {
    workingFolder: folder.path,
    ...(interrupt === undefined ? {} : { interrupt }),
  });
  return { ...call, said: (call.stdout === "" ? null : JSON.parse(call.stdout)) as Said };
}

const unitsOf = ({ machines }: Said): readonly (readonly [string, string])[] =>
  machines.flatMap(({ units }) => units.map(({ scenario, verdict }) => [scenario, verdict] as const));
const allPass = names.toSorted().map((name) => [name, "pass"]);

describe("workers", slow, () => {
  it("share a night, and leave nothing in the server", async () => {
    const had = [startWorker(), startWorker({ jobs: 2 })];
    const { said, code } = await runNight();
    expect(code).toBe(0);
    expect(unitsOf(said)).toEqual(allPass);
    expect(said.machines[0]?.ran?.kernel.digest).toBe(fakeProfile.kernel.digest);
    expect(had.flat().toSorted()).toEqual(names.toSorted());
    const again = await runNight();
    expect(again.said.comparison).toMatchObject({ against: said.night, changes: [] });
    for (const end of endings.splice(0)) await end();
    const left = await client.keys("zhil:*");
    expect(left.filter((key) => !key.endsWith(":stalled-check"))).toEqual(["zhil:bell"]);
  });

  it("leave a machine that they cannot have to others; where none can, there is no answer", async () => {
    const notes: string[] = [];
    const lacking = startWorker({
      openBench: () => Promise.reject(new InfrastructureError({ what: "Cannot reach the archive" })),
      report: (progress) => notes.push("text" in progress ? progress.text : ""),
    });
    const alone = await runNight();
    expect(alone.code).toBe(2);
    expect(alone.said.machines[0]?.problem).toBe("No worker can have it: Cannot reach the archive");
    const able = startWorker();
    const { said, code } = await runNight();
    expect([code, unitsOf(said), able.length, lacking]).toEqual([0, allPass, names.length, []]);
    expect(notes).toContain("Cannot have emulated/lean/newest: Cannot reach the archive");
  });

  it("do not put together what different kernels or judges said", async () => {
    const first = startWorker();
    const other = fakeBench();
    const kernel = { ...other.profile.kernel, digest: "sha256:02" };
    const patched = startWorker({
      openBench: () => Promise.resolve({ ...other, profile: { ...other.profile, kernel } }),
    });
    const { said, code } = await runNight();
    expect([code, unitsOf(said)]).toEqual([0, allPass]);
    expect([first.length, patched.length].toSorted()).toEqual([0, names.length]);
    for (const end of endings.splice(0)) await end();
    const judging = startWorker({ ledger: [{ name: "shadow-by-rpcit" } as never] });
    const { said: refused } = await runNight();
    expect(refused.machines[0]?.problem).toMatch(/^No worker can have it: it is judged by version /u);
    expect(judging).toEqual([]);
  });

  it("go on while nobody asks; the next call takes what they had, and runs nothing twice", async () => {
    const interrupt = new AbortController();
    const started: string[] = [];
    const bench = fakeBench({
      onStart: (name) => {
        started.push(name);
      },
    });
    startWorker({
      openBench: () => Promise.resolve(bench),
      onResult: () => {
        interrupt.abort(new Error("the night is called off"));
      },
    });
    const { code, stdout } = await runNight(interrupt.signal);
    expect([code, stdout]).toEqual([2, ""]);
    await retryUntil({ what: "the worker to be done", limit: 10_000, signal }, () => {
      if (started.length < names.length) throw new Error(started.join());
    });
    const { said, stderr } = await runNight();
    expect(stderr).toContain("Going on with night");
    expect(unitsOf(said)).toEqual(allPass);
    expect(started.toSorted()).toEqual(names.toSorted());
  });

  it("are told again by a night whose server has lost its memory", async () => {
    let starts = 0;
    startWorker({
      openBench: () =>
        Promise.resolve(
          fakeBench({
            onStart: async () => {
              starts += 1;
              if (starts !== 2) return;
              await client.flushall();
              await server.restart();
            },
          }),
        ),
    });
    const { said, code } = await runNight();
    expect([code, unitsOf(said)]).toEqual([0, allPass]);
    expect(starts).toBeLessThanOrEqual(names.length + 2);
  });
});

describe("whoever is told to end", slow, () => {
  it("ends while the server is away, and says so", async () => {
    await using own = await temporaryFolder();
    const gone = await startQueueServer(own.path, signal);
    const interrupt = new AbortController();
    const address = parseQueueAddress(gone.url);
    const begun = new AbortController();
    const options = { workingFolder: folder.path, interrupt: interrupt.signal };
    const night = callCli(["nightly", "--queue", gone.url], options);
    const working = runWorker({
      ...{ address, jobs: 2, lease: 600, fence: null, once: false, ledger: [], signal: interrupt.signal },
      openBench: async () => {
        await gone[Symbol.asyncDispose]();
        begun.abort();
        return fakeBench();
      },
      ...{ onResult: () => undefined, report: () => undefined },
    });
    await once(begun.signal, "abort");
    const began = performance.now();
    interrupt.abort(new InterruptedError({ what: "The run was interrupted by SIGINT" }));
    vi.stubEnv("ZHIL_TIME_SCALE", "0.05");
    await working;
    expect((await night).code).toBe(2);
    vi.unstubAllEnvs();
    expect(performance.now() - began).toBeLessThan(15_000);
  });
});

describe("a lease", slow, () => {
  const request = { hardware: "lab", milliseconds: 150, seen: 0 };

  it("is one worker's until it is given back, with a token that grows", async () => {
    const first = await takeLease(client, { ...request, holder: "a" });
    expect(await takeLease(client, { ...request, holder: "b" })).toBeNull();
    expect(await first?.confirm()).toBe(true);
    await first?.[Symbol.asyncDispose]();
    const second = await takeLease(client, { ...request, holder: "b" });
    expect(second?.token).toBe((first?.token ?? 0) + 1);
    expect(await first?.confirm()).toBe(false);
    await second?.[Symbol.asyncDispose]();
  });

  it("is lost where somebody else has it, and counts on from what the hardware has seen", async () => {
    const first = await takeLease(client, { ...request, holder: "a" });
    const lost = once(first?.signal ?? signal, "abort");
    // A server that has lost its memory.
    await client.flushall();
    const second = await takeLease(client, { ...request, holder: "b", seen: first?.token ?? 0 });
    expect(second?.token).toBe((first?.token ?? 0) + 1);
    await lost;
    expect(first?.signal.reason).toMatchObject({
      message: expect.stringContaining("somebody else may have it") as string,
    });
    await second?.[Symbol.asyncDispose]();
  });
});

describe("the commands", slow, () => {
  it.each([
    [["worker"], "required option '--queue <url>' not specified"],
    [["worker", "--queue", "lab"], "Cannot read the queue's address"],
    [["worker", "--queue", "unix:/nowhere/queue.sock"], 'Cannot reach the queue "unix:/nowhere/queue.sock"'],
    [["worker", "--queue", "redis://lab", "--fence", "token"], "without both --hardware and --fence"],
    [["worker", "--queue", "redis://lab", "--lease", "0"], "Expected a number of seconds, 1 to 3600"],
    [["nightly", "--queue", "lab:6379"], "Cannot read the queue's address"],
  ])("refuse zhil %s", async (argv, message) => {
    const { code, stderr } = await callCli(argv, {
      ...{ workingFolder: folder.path, environment: {} },
    });
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });

  it("work until no night wants anything", async () => {
    const working = callCli(["worker", "--queue", server.url, "--once", "--lease", "1", "-j", "2"], {
      ...{ workingFolder: folder.path, services: { openBench: () => Promise.resolve(fakeBench()) } },
    });
    const { code } = await runNight();
    const { stdout, code: workerCode } = await working;
    expect([code, workerCode]).toEqual([0, 0]);
    expect(stdout).toMatch(/^pass {2}three {2}\d\.\d\d s {2}emulated\/lean\/newest$/mu);
  });
});
