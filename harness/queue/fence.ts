/**
 * The fence: where hardware is touched, only the highest token that was ever seen there is let through. It asks no server: a
 * file on the host of the hardware holds the token, and a lock of that host is held from before the token is looked at until
 * the operation is over. So whoever was stopped in between and wakes up later either still has the lock, and nobody
 * else was let through, or is refused.
 *
 * What any host can do in its place, in one command: flock FILE.lock sh -c '[ $1 -ge $(cat FILE) ] && …'.
 */
import { open, readFile, rename, writeFile } from "node:fs/promises";
import { makeToolError, tryTool, type Tool } from "../assets/run-tool.ts";
import { FencedError, InfrastructureError } from "../errors/harness-error.ts";

/** Where a token is checked. */
export interface Fence {
  readonly hardware: string;
  /** Path of the file that holds the highest token. */
  readonly file: string;
}

/** Milliseconds that somebody else's operation is waited for. */
const operationLimit = 60_000;
const busyExitCode = 1;

/**
 * Does something to the hardware, where the token is the highest that came here; from then on no lower one is let through.
 * @throws {FencedError} where a higher token was here, and nothing was done; {InfrastructureError} where the file cannot be
 *   had, or an operation of somebody else does not end
 */
export async function passFence<T>(
  { hardware, file }: Fence,
  token: number,
  signal: AbortSignal,
  action: () => Promise<T>,
): Promise<T> {
  const lock = await open(`${file}.lock`, "a", 0o600).catch((cause: unknown) => {
    throw unusable(file, cause);
  });
  try {
    await takeLock(lock.fd, hardware, signal);
    const highest = await readToken(file);
    if (token < highest) {
      throw new FencedError({
        what: `Refused an operation on "${hardware}": its lease has token ${token}, and token ${highest} was here since`,
        remedy: "Whoever has the lease now does this unit; nothing is to be done",
      });
    }
    if (token > highest) await writeToken(file, token);
    return await action();
  } finally {
    await lock.close();
  }
}

/**
 * The highest token that was let through; 0 where there was none.
 * @throws {InfrastructureError} where the file holds something else: nobody is let through then
 */
export async function readToken(file: string): Promise<number> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return "0";
    throw unusable(file, cause);
  });
  const token = /^\d{1,15}$/u.test(text.trim()) ? Number(text) : NaN;
  if (!Number.isNaN(token)) return token;
  throw unusable(file, new RangeError(`it holds "${text.slice(0, 20)}", not a token`));
}

async function writeToken(file: string, token: number): Promise<void> {
  const aside = `${file}.new`;
  try {
    await writeFile(aside, `${token}\n`, { flush: true });
    await rename(aside, file);
  } catch (cause) {
    throw unusable(file, cause);
  }
}

async function takeLock(descriptor: number, hardware: string, signal: AbortSignal): Promise<void> {
  const tool: Tool = {
    command: "flock",
    arguments: ["--exclusive", "--wait", String(operationLimit / 1000), "3"],
    ...{ purpose: `pass the fence of "${hardware}"`, limit: operationLimit * 2, descriptor, signal },
    remedy: "flock is part of util-linux; the file must be on a file system that can lock",
  };
  const result = await tryTool(tool);
  if (result.exitCode === 0) return;
  if (result.exitCode !== busyExitCode) throw makeToolError(tool, result);
  throw new InfrastructureError({
    what: `Waited ${operationLimit / 1000} s for somebody else's operation on "${hardware}" to end`,
    remedy: "Look for a worker that stands still there, and end it",
  });
}

const unusable = (file: string, cause: unknown): InfrastructureError =>
  new InfrastructureError({
    what: `Cannot use the fence "${file}"`,
    remedy: "Name another file with --fence",
    cause,
  });
