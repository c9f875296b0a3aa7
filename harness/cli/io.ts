/** What a command sees of the world: streams, environment, where it was called, and Ctrl-C. */
import type { Readable, Writable } from "node:stream";
import type { Output } from "../report/screen.ts";

/** The surroundings of one call of `zhil`. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  /** What is typed; `terminal` is null where that comes from a file or a pipe. Absent where nobody can type. */
  readonly lines?: { readonly input: Readable; readonly terminal: Writable | null };
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingFolder: string;
  /** Aborted when the user wants it to end. */
  readonly interrupt: AbortSignal;
}

/** An environment variable's value; null where it is not set, or set to nothing. */
export function readVariable(io: Pick<Io, "environment">, name: string): string | null {
  const value = io.environment[name];
  return value === undefined || value === "" ? null : value;
}
