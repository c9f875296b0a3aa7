/** Starts the tools a machine is prepared with: apt, make, tar, dpkg-deb. Nothing here goes through a shell. */
import { execa } from "execa";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { InfrastructureError, TimeLimitError } from "../errors/harness-error.ts";
import { scaleTime } from "../wait/with-limit.ts";

/** A program to run to its end. */
export interface Tool {
  readonly command: string;
  readonly arguments: readonly string[];
  /** What it is run for, as it completes "Cannot …". */
  readonly purpose: string;
  readonly signal: AbortSignal;
  /** Milliseconds, before ZHIL_TIME_SCALE. */
  readonly limit: number;
  readonly folder?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Told of every line of output, of both streams, as it comes. */
  readonly onLine?: (line: string) => void;
  /** Descriptor it inherits as its number 3: a lock that it shall hold as long as it lives. */
  readonly descriptor?: number;
  /** What to do where it fails or is not installed. */
  readonly remedy?: string;
}

/** How a program ended. */
export interface ToolResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How many lines of what a failed program said go into the error. */
const tailLines = 8;
/** More output than this is cut: the programs are trusted, their verbosity is not. */
const outputLimit = 16 * 1024 * 1024;

/**
 * Runs a program to its end and hands back how it ended, whatever the exit code.
 * @throws {InfrastructureError} where it cannot be started; {TimeLimitError} at its limit; the signal's reason where it
 *   is aborted. In each case the program has ended.
 */
export async function tryTool(tool: Tool): Promise<ToolResult> {
  tool.signal.throwIfAborted();
  const child = execa(tool.command, [...tool.arguments], {
    // The types know 3 to 9 only; any number is passed on as it is.
    stdio: ["ignore", "pipe", "pipe", (tool.descriptor as 3 | undefined) ?? "ignore"],
    // Messages are read by programs here, and an APT_CONFIG from outside must not reach apt by accident.
    env: { LC_ALL: "C", ...tool.environment },
    cancelSignal: tool.signal,
    timeout: scaleTime(tool.limit),
    maxBuffer: outputLimit,
    reject: false,
    ...(tool.folder === undefined ? {} : { cwd: tool.folder }),
  });
  const told =
    tool.onLine === undefined ? [] : [child.stdout, child.stderr].map((stream) => tellLines(stream, tool.onLine));
  const result = await child;
  await Promise.all(told);
  tool.signal.throwIfAborted();
  if (result.timedOut) {
    throw new TimeLimitError({
      what: `Waited ${scaleTime(tool.limit) / 1000} s to ${tool.purpose}; last seen: ${lastLines(result.stderr, 1)}`,
      remedy: "Try again, with ZHIL_TIME_SCALE=2 on a slow machine or network",
    });
  }
  if (result.exitCode === undefined && result.signal === undefined) {
    throw new InfrastructureError({
      what: `Cannot ${tool.purpose}: cannot start "${tool.command}"`,
      remedy: tool.remedy ?? `Install "${tool.command}"; ci/setup does so on Debian`,
      cause: result.cause,
    });
  }
  // A program that a signal ended gets the exit code a shell would give it.
  return { exitCode: result.exitCode ?? 128, stdout: result.stdout, stderr: result.stderr };
}

/**
 * Runs a program to its end and hands back its standard output.
 * @throws {InfrastructureError} where it ends with another exit code than 0, with the last lines it wrote
 */
export async function runTool(tool: Tool): Promise<string> {
  const result = await tryTool(tool);
  if (result.exitCode !== 0) throw makeToolError(tool, result);
  return result.stdout;
}

/** The error a program ended with, in the words it had for it. */
export function makeToolError(tool: Tool, result: ToolResult): InfrastructureError {
  const said = lastLines(result.stderr.trim() === "" ? result.stdout : result.stderr, tailLines);
  return new InfrastructureError({
    what: `Cannot ${tool.purpose}: "${tool.command}" ended with exit code ${result.exitCode}${said === "" ? "" : `: ${said}`}`,
    ...(tool.remedy === undefined ? {} : { remedy: tool.remedy }),
  });
}

async function tellLines(stream: Readable, onLine: Tool["onLine"]): Promise<void> {
  for await (const line of createInterface({ input: stream })) onLine?.(line);
}

function lastLines(text: string, count: number): string {
  return text.trim().split("\n").slice(-count).join("\n  ");
}
