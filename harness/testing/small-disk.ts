/** A file system with little room, for what happens when it is full: a mount that nobody else sees, gone with its user. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

/** What came of a script. */
export interface ScriptEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a shell script in mounts of its own, of which it may make more; `words` are its arguments. Whoever is not root is
 * root there.
 */
export async function runWithMounts(
  script: string,
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<ScriptEnd> {
  const asRoot = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];
  const child = spawn("unshare", [...asRoot, "--mount", "sh", "-euc", script, "sh", ...words], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await exited) as [number | null];
  return { code, stdout, stderr };
}
