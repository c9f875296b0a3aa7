/** The initramfs: the agent, built for s390x, as the only program. */
import { chmod, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { InfrastructureError, UsageError } from "../errors/harness-error.ts";
import type { Compiler } from "../kernel/build-kernel.ts";
import { findCompiler } from "../kernel/compiler.ts";
import { fetchAgentParts, readAgentParts, type AgentParts } from "./agent-parts.ts";
import type { Initramfs } from "./assets.ts";
import { publishEntry, readEntry, type Entry } from "./cache.ts";
import { writeCpio } from "./cpio.ts";
import { digestBytes, makeKey } from "./digest.ts";
import { withLock } from "./file-lock.ts";
import type { Preparation } from "./preparation.ts";
import { projectRoot } from "./project-root.ts";
import { runTool } from "./run-tool.ts";

const agentSources = join(projectRoot, "guests/agent");
const buildLimit = 5 * 60 * 1000;
const archiveName = "initramfs.gz";

/** What the cache keeps of an initramfs. */
interface BuiltInitramfs {
  readonly digest: string;
}

/**
 * The initramfs with the agent of this clone, or with the one that is given.
 * @throws {UsageError} where the agent given is none; {InfrastructureError} where it cannot be built
 */
export async function prepareInitramfs(preparation: Preparation, givenAgent: string | undefined): Promise<Initramfs> {
  if (givenAgent !== undefined) return packGiven(preparation, resolve(givenAgent));
  const { root, update, signal } = preparation;
  const recipe = await readAgentRecipe(signal);
  const known = update ? null : await findBuilt(root, recipe, await readAgentParts(root));
  if (known !== null) return known;
  return withLock({ ...preparation, name: "agent", purpose: "building the agent" }, async (lock) => {
    const parts = (update ? null : await readAgentParts(root)) ?? (await fetchAgentParts(preparation));
    return (await findBuilt(root, recipe, parts)) ?? buildInitramfs(preparation, recipe, parts, lock);
  });
}

/** The initramfs of this clone's agent that is at hand without building one, or null. */
export async function findInitramfs(root: string, signal: AbortSignal): Promise<Initramfs | null> {
  return findBuilt(root, await readAgentRecipe(signal), await readAgentParts(root));
}

/** What decides how the agent comes out, beside its parts. */
interface AgentRecipe {
  readonly sources: string;
  readonly compiler: Compiler;
}

async function readAgentRecipe(signal: AbortSignal): Promise<AgentRecipe> {
  return { sources: await digestSources(agentSources), compiler: await findCompiler(signal) };
}

async function findBuilt(
  root: string,
  recipe: AgentRecipe,
  parts: Entry<AgentParts> | null,
): Promise<Initramfs | null> {
  return parts === null ? null : readInitramfs(root, keyOf(recipe, parts));
}

/** The agent's programs and its Makefile, as one digest; what is built lies elsewhere. */
async function digestSources(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => /\.[ch]$|^Makefile$/.test(name)).sort();
  const contents = await Promise.all(
    names.map(async (name) => `${name}\0${await readFile(join(folder, name), "utf8")}`),
  );
  return digestBytes(contents.join("\0"));
}

function keyOf({ sources, compiler }: AgentRecipe, { manifest }: Entry<AgentParts>): string {
  const { headersVersion, libraryVersion } = manifest;
  return makeKey({ sources, compiler: compiler.version, headersVersion, libraryVersion });
}

async function readInitramfs(root: string, key: string): Promise<Initramfs | null> {
  const entry = await readEntry<BuiltInitramfs>(root, "initramfs", key);
  return entry === null ? null : { path: join(entry.folder, archiveName), digest: entry.manifest.digest };
}

async function buildInitramfs(
  preparation: Preparation,
  recipe: AgentRecipe,
  parts: Entry<AgentParts>,
  lock: number,
): Promise<Initramfs> {
  preparation.report({ kind: "step", text: "Building the agent" });
  const at = (path: string): string => join(parts.folder, path);
  const entry = await publishEntry<BuiltInitramfs>(
    preparation.root,
    "initramfs",
    keyOf(recipe, parts),
    async (folder) => {
      const output = join(folder, "build");
      await mkdir(output);
      await runTool({
        command: "make",
        arguments: [
          ...["-C", agentSources, `O=${output}`, `CROSS_COMPILE=${recipe.compiler.prefix}`, "-j2"],
          ...[`KERNEL_HEADERS=${at(parts.manifest.headers)}`, `JSON_CFLAGS=-I${at(parts.manifest.libraryHeaders)}`],
          `JSON_LIBS=${at(parts.manifest.library)}`,
        ],
        purpose: "build the agent",
        signal: preparation.signal,
        limit: buildLimit,
        descriptor: lock,
      });
      const digest = await packAgent(await readFile(join(output, "agent")), folder);
      await rm(output, { recursive: true });
      return { digest };
    },
  );
  return { path: join(entry.folder, archiveName), digest: entry.manifest.digest };
}

async function packGiven(preparation: Preparation, path: string): Promise<Initramfs> {
  const agent = await readFile(path).catch((cause: unknown) => {
    throw new UsageError({
      what: `Cannot read the agent "${path}"`,
      remedy: "ZHIL_AGENT names the agent's program",
      cause,
    });
  });
  if (!isForS390x(agent)) {
    throw new UsageError({
      what: `Cannot use the agent "${path}": it is no program for s390x`,
      remedy: "Build it with guests/agent/Makefile and a compiler for s390x",
    });
  }
  const key = makeKey({ given: digestBytes(agent) });
  const known = await readInitramfs(preparation.root, key);
  if (known !== null) return known;
  return withLock({ ...preparation, name: "agent", purpose: "packing the agent" }, async () => {
    const entry = await publishEntry<BuiltInitramfs>(preparation.root, "initramfs", key, async (folder) => ({
      digest: await packAgent(agent, folder),
    }));
    return { path: join(entry.folder, archiveName), digest: entry.manifest.digest };
  });
}

/** Whether these are the bytes of an ELF file, 64 bits, big-endian, machine 22. */
function isForS390x(bytes: Buffer): boolean {
  return (
    bytes.subarray(0, 6).equals(Buffer.from("\x7fELF\x02\x02", "latin1")) &&
    bytes.length > 64 &&
    bytes.readUInt16BE(18) === 22
  );
}

/** Writes the archive: the folders it mounts on, the console the kernel opens for it, and the agent as /init. */
async function packAgent(agent: Uint8Array, folder: string): Promise<string> {
  const archive = writeCpio([
    ...["dev", "proc", "sys", "tmp"].map((path) => ({ path, kind: "folder", mode: 0o755 }) as const),
    { path: "dev/console", kind: "character device", mode: 0o600, major: 5, minor: 1 },
    { path: "init", kind: "file", mode: 0o755, content: agent },
  ]);
  const packed = gzipSync(archive, { level: 9 });
  if (packed.length > 64 * 1024 * 1024)
    throw new InfrastructureError({ what: "Cannot pack the agent: it is too large" });
  const path = join(folder, archiveName);
  await writeFile(path, packed);
  await chmod(path, 0o644);
  return digestBytes(packed);
}
