/** Scripts of this project on a host: each goes to the standard input of a shell there, so that no file of it is left. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { projectRoot } from "../assets/project-root.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { escapeText } from "../report/escape.ts";
import type { RemoteCommand } from "../ssh/spell-command.ts";
import type { SshClient } from "../ssh/ssh-client.ts";

/** The scripts there are. */
export type ScriptName = "examine" | "lease" | "guard";

/** Lines and words that a host may answer with. */
const lineLimit = 20_000;

/** Path of a script here. */
export const scriptPath = (name: ScriptName): string => join(projectRoot, "guests/lpar", name);

/** Who runs what on a host. */
export interface ScriptPlace {
  readonly client: SshClient;
  /** Whether root is to run it, by sudo. */
  readonly sudo: boolean;
  /** Milliseconds, before ZHIL_TIME_SCALE. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

/** A command, as root where that is asked for. */
export const asRoot = (sudo: boolean, [program, ...words]: RemoteCommand): RemoteCommand =>
  sudo ? ["sudo", "-n", program, ...words] : [program, ...words];

/**
 * Runs a script to its end, and returns the words of each line that it said, separated as the script does.
 * @throws {InfrastructureError} where it does not end well; {ClosedError} where the connection ends first; {TimeLimitError}
 */
export async function runScript(
  name: ScriptName,
  words: readonly string[],
  separator: string,
  { client, sudo, limit, signal }: ScriptPlace,
): Promise<readonly (readonly string[])[]> {
  const input = await readFile(scriptPath(name), "utf8");
  const { code, stdout, stderr } = await client.run(asRoot(sudo, ["sh", "-s", ...words]), { input, limit, signal });
  if (code === 0) {
    const lines = stdout.split("\n", lineLimit).filter((line) => line !== "");
    return lines.map((line) => line.split(separator));
  }
  const said = escapeText(stderr.slice(-1000)).trim();
  throw new InfrastructureError({
    what: `Cannot run "${name}" on the host: exit code ${code ?? "unknown"}${said === "" ? "" : `: ${said}`}`,
    ...(sudo
      ? { remedy: 'Let the user run "sh" by sudo without a password there, or take "sudo" from the configuration' }
      : {}),
  });
}
