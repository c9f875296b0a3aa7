/** A command that runs on a host, from its start to its end. */
import type { ClientChannel } from "ssh2";
import { ClosedError, InfrastructureError } from "../errors/harness-error.ts";
import { TailText } from "../qemu/tail-text.ts";
import { withLimit } from "../wait/with-limit.ts";
import type { RemoteCommand } from "./spell-command.ts";

/** Bytes of output that a command may have, where nothing else is said. */
const usualOutput = 1024 * 1024;
/** Bytes of standard error that are kept: the last ones. */
const errorOutput = 16 * 1024;

/** How a command is run. */
export interface CommandOptions {
  readonly signal: AbortSignal;
  /** Milliseconds, before ZHIL_TIME_SCALE. */
  readonly limit: number;
  /** What it reads from its standard input; nothing where absent. */
  readonly input?: string | Uint8Array;
  /** Bytes that it may write to its standard output. */
  readonly output?: number;
}

/** How a command ended. What it wrote is a host's: untrusted. */
export interface CommandResult {
  /** Its exit code; null where a signal ended it. */
  readonly code: number | null;
  /** Name of that signal, such as `SIGKILL`. */
  readonly signal: string | null;
  readonly stdout: string;
  /** The last of what it wrote to its standard error. */
  readonly stderr: string;
}

/** Sees a command through on the channel that was opened for it; the channel is closed when this returns, whatever happens. */
export async function runOn(
  channel: ClientChannel,
  [program]: RemoteCommand,
  { signal, limit, input, output = usualOutput }: CommandOptions,
): Promise<CommandResult> {
  const stderr = new TailText(errorOutput);
  const what = `the end of "${program}" on the host`;
  const lastSeen = (): string => stderr.textFrom(0).trim() || "nothing on its standard error";
  try {
    return await withLimit({ what, limit, signal, lastSeen }, () => collect(channel, program, stderr, output, input));
  } finally {
    channel.close();
  }
}

function collect(
  channel: ClientChannel,
  program: string,
  stderr: TailText,
  output: number,
  input: CommandOptions["input"],
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    channel.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= output) parts.push(chunk);
      else
        reject(new InfrastructureError({ what: `Cannot keep what "${program}" writes: more than ${output} bytes` }));
    });
    channel.stderr.on("data", (chunk: Buffer) => {
      stderr.push(chunk);
    });
    channel.on("error", (cause: Error) => {
      reject(new ClosedError({ what: `Cannot talk to "${program}" on the host`, cause }));
    });
    // A command may have ended before anybody could listen for that: the end of its channel tells it once more.
    channel.on("close", (code: number | null | undefined, by?: string) => {
      const stdout = Buffer.concat(parts).toString("utf8");
      if (code !== undefined) resolve({ code, signal: by ?? null, stdout, stderr: stderr.textFrom(0) });
      const what = `Cannot tell how "${program}" ended: the host closed its channel without a word`;
      reject(new ClosedError({ what }));
    });
    channel.end(input);
  });
}
