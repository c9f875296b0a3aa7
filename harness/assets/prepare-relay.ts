/** The relay: the one program of this host that is compiled, for a server of functions that can raise interrupts. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { publishEntry, readEntry } from "./cache.ts";
import { digestBytes, makeKey } from "./digest.ts";
import { withLock } from "./file-lock.ts";
import type { Preparation } from "./preparation.ts";
import { projectRoot } from "./project-root.ts";
import { runTool } from "./run-tool.ts";

const folder = join(projectRoot, "harness/vfio-user/relay");
const sources = ["relay.c", "eventfds.c"].map((name) => join(folder, name));
const headers = [join(folder, "eventfds.h")];
const kind = "relay";
const program = "relay";
/** Milliseconds that compiling it may take. */
const buildLimit = 60_000;

/**
 * Path of the relay's program, compiled where the cache has none of this source.
 * @throws {InfrastructureError} where it cannot be compiled
 */
export async function prepareRelay(preparation: Preparation): Promise<string> {
  const { root, signal, report } = preparation;
  const contents = await Promise.all([...sources, ...headers].map((path) => readFile(path)));
  const key = makeKey({ sources: digestBytes(Buffer.concat(contents)), architecture: process.arch });
  const known = await readEntry(root, kind, key);
  if (known !== null) return join(known.folder, program);
  return withLock({ ...preparation, name: kind, purpose: "building the relay of interrupts" }, async (lock) => {
    const entry =
      (await readEntry(root, kind, key)) ??
      (await publishEntry(root, kind, key, async (built) => {
        report({ kind: "step", text: "Building the relay of interrupts" });
        await runTool({
          command: "cc",
          arguments: ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-o", join(built, program), ...sources],
          purpose: "build the relay of interrupts",
          remedy: "Install gcc",
          descriptor: lock,
          limit: buildLimit,
          signal,
        });
        return {};
      }));
    return join(entry.folder, program);
  });
}
