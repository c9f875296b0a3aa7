import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { withLock, type Lock } from "./file-lock.ts";

let root: string;
const heard: string[] = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "zhil-lock-"));
  heard.length = 0;
});
afterEach(() => rm(root, { recursive: true, force: true }));

function lock(purpose: string, signal = new AbortController().signal): Lock {
  return {
    root,
    name: "thing",
    purpose,
    signal,
    report: (progress) => heard.push("text" in progress ? progress.text : ""),
  };
}

/** A process that locks as this one does and never lets go; resolves once it holds the lock. */
async function startHolder(): Promise<ReturnType<typeof spawn>> {
  const script = `
    const { openSync, mkdirSync, writeSync } = require("node:fs");
    const { spawnSync } = require("node:child_process");
    mkdirSync(process.argv[1] + "/lock", { recursive: true });
    const file = openSync(process.argv[1] + "/lock/thing", "a+");
    const flock = spawnSync("flock", ["--exclusive", "3"], { stdio: ["ignore", "inherit", "inherit", file] });
    writeSync(file, "process 1, which is dying");
    console.log(flock.status);
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ["-e", script, root], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  expect(String(line)).toBe("0\n");
  return child;
}

it("lets one in at a time, also within a process", async () => {
  const order: string[] = [];
  await Promise.all(
    ["a", "b", "c"].map((name) =>
      withLock(lock(name), async () => {
        order.push(`${name} in`);
        await new Promise((resolve) => setImmediate(resolve));
        order.push(`${name} out`);
      }),
    ),
  );
  expect(order).toHaveLength(6);
  for (let i = 0; i < 6; i += 2) expect(order[i + 1]).toBe(order[i]!.replace("in", "out"));
});

it("says who holds it and for what, waits, and gets it when the holder is killed", async () => {
  const holder = await startHolder();
  const exited = once(holder, "exit");
  const waiting = withLock(
    {
      ...lock("waiting"),
      report: (progress) => {
        heard.push("text" in progress ? progress.text : "");
        holder.kill("SIGKILL");
      },
    },
    () => Promise.resolve("mine"),
  );
  expect(await waiting).toBe("mine");
  expect(heard).toEqual(["Waiting for process 1, which is dying"]);
  await exited;
});

it("lasts as long as a program that inherited it, after its process let go", async () => {
  const program = await withLock(lock("starting"), (descriptor) =>
    Promise.resolve(spawn("sh", ["-c", "read line"], { stdio: ["pipe", "ignore", "ignore", descriptor] })),
  );
  const ended = once(program, "exit");
  const order: string[] = [];
  const next = withLock(lock("next"), () => Promise.resolve(order.push("locked")));
  const path = join(root, "lock", "thing");
  // It is locked still: a third party is refused.
  const refused = spawn("flock", ["--nonblock", path, "true"]);
  expect(await once(refused, "exit")).toEqual([1, null]);
  expect(order).toEqual([]);
  program.stdin!.end();
  await Promise.all([ended, next]);
  expect(order).toEqual(["locked"]);
});

it("can be called off while it waits", async () => {
  const caller = new AbortController();
  await withLock(lock("holding"), async () => {
    const waiting = withLock(lock("waiting", caller.signal), () => Promise.resolve());
    caller.abort(new Error("called off"));
    await expect(waiting).rejects.toThrow("called off");
  });
  expect(heard).toEqual([]);
});

it("is free again after an action that failed", async () => {
  await expect(withLock(lock("failing"), () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await withLock(lock("after"), () => Promise.resolve("yes"))).toBe("yes");
});
