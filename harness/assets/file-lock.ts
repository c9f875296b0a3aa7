/** A lock between processes that no killed process can leave behind: the kernel gives it up with its last holder. */
import { open, readFile, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { createCacheFolder } from "./cache.ts";
import type { ReportProgress } from "./progress.ts";
import { makeToolError, tryTool, type Tool } from "./run-tool.ts";

/** What is locked, and why. */
export interface Lock {
  /** Root of the cache. */
  readonly root: string;
  readonly name: string;
  /** What the holder does, for those who wait: "building the kernel". */
  readonly purpose: string;
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}

/** How long the work of another process is waited for, in milliseconds: a build and its downloads. */
const waitLimit = 60 * 60 * 1000;
const tryLimit = 30_000;
/** What flock(1) ends with where the lock is held and it was told not to wait. */
const heldExitCode = 1;

/**
 * Runs `action` while no other process, and nobody else in this one, holds the lock of that name. flock(1) locks the
 * open file that it shares with this process, so the lock ends with the descriptor. A program that changes what is
 * locked shall inherit the descriptor: should this process be killed, the lock then lasts until that program ends too.
 * @throws {TimeLimitError} where another process holds it too long; the signal's reason where it is aborted
 */
export async function withLock<T>(lock: Lock, action: (descriptor: number) => Promise<T>): Promise<T> {
  const folder = await createCacheFolder(lock.root, "lock");
  const path = join(folder, lock.name);
  const file = await open(path, "a+", 0o600);
  try {
    if (!(await takeLock(file, lock, ["--nonblock"], tryLimit))) {
      const holder = (await readFile(path, "utf8")).trim();
      // Parts of this process take turns in silence.
      if (!holder.startsWith(`process ${process.pid},`)) {
        lock.report({ kind: "step", text: `Waiting for ${holder === "" ? "another process" : holder}` });
      }
      await takeLock(file, lock, [], waitLimit);
    }
    await file.truncate(0);
    await file.write(`process ${process.pid}, which is ${lock.purpose}\n`);
    return await action(file.fd);
  } finally {
    await file.close();
  }
}

async function takeLock(file: FileHandle, lock: Lock, options: readonly string[], limit: number): Promise<boolean> {
  const tool: Tool = {
    command: "flock",
    arguments: ["--exclusive", ...options, "3"],
    purpose: `lock "${lock.name}" of the cache "${lock.root}"`,
    signal: lock.signal,
    limit,
    descriptor: file.fd,
    remedy: "flock is part of util-linux; the cache must be on a file system that can lock",
  };
  const result = await tryTool(tool);
  if (result.exitCode === 0) return true;
  if (result.exitCode === heldExitCode && options.length > 0) return false;
  throw makeToolError(tool, result);
}
