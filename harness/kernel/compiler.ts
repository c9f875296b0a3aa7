import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { runTool } from "../assets/run-tool.ts";
import type { Compiler } from "./build-kernel.ts";

const versionLimit = 30_000;

/**
 * The compiler for s390x on this machine.
 * @throws {InfrastructureError} where there is none
 */
export async function findCompiler(signal: AbortSignal): Promise<Compiler> {
  const prefix = process.arch === "s390x" ? "" : "s390x-linux-gnu-";
  const version = await runTool({
    command: `${prefix}gcc`,
    arguments: ["--version"],
    purpose: "find a compiler for s390x",
    signal,
    limit: versionLimit,
    remedy: `Install ${prefix}gcc with its libc: on Debian, ci/setup installs gcc-s390x-linux-gnu and libc6-dev-s390x-cross`,
  });
  return { prefix, version: version.split("\n")[0] ?? "", cached: await isInstalled("ccache") };
}

/** Whether a program can be found on the PATH. */
export async function isInstalled(program: string): Promise<boolean> {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const found = await access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}
