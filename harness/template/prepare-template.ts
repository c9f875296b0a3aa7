/** The template of a machine: found in the cache where it is there and whole, else frozen into it. */
import { createHash } from "node:crypto";
import { readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { publishEntry, readEntry } from "../assets/cache.ts";
import { withLock } from "../assets/file-lock.ts";
import type { ReportProgress } from "../assets/progress.ts";
import type { Scratch } from "../lifecycle/scratch.ts";
import { findHost } from "../qemu/accelerator.ts";
import { buildCommandLine, type MachineDefinition } from "../qemu/machine.ts";
import { freezeMachine } from "./freeze-machine.ts";
import { describeTemplate, type Template, type TemplateManifest } from "./template.ts";

/** Goes up when what is frozen, or how, changes. */
const format = 2;
/** Kind of the cache's entries. */
const kind = "template";
/** Templates that are kept; a kernel under test leaves one behind, and each holds what its guest has touched of its RAM. */
const keptTemplates = 8;

/** What a template is made from. */
export interface TemplateSource {
  readonly machine: MachineDefinition;
  /** Digests of everything that runs: QEMU, kernel, initramfs. */
  readonly digests: readonly string[];
  /** Port of the agent's worker. */
  readonly agentPort: string;
}

/** How a template is looked for and made. */
export interface TemplatePlace {
  /** Root of the cache. */
  readonly root: string;
  readonly scratch: Scratch;
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
  /** Why the one in the cache is not to be used, if it is not. */
  readonly distrust?: string;
}

/**
 * The template of a machine: the one in the cache, or a new one, with a line that says why.
 * @throws {HarnessError} where the machine does not boot, cannot be frozen, or its clones do not answer
 */
export async function prepareTemplate(source: TemplateSource, place: TemplatePlace): Promise<Template> {
  const { root, scratch, report, signal } = place;
  const key = keyOf(source, await findHost(source.machine.accelerator));
  const found = place.distrust === undefined ? await findTemplate(root, key) : place.distrust;
  if (typeof found === "object") return found;
  const purpose = "freezing a booted kernel as a template";
  // One lock for all templates: whoever publishes one removes what killed processes left of any.
  return withLock({ root, name: kind, purpose, report, signal }, async () => {
    // Whoever held the lock before may have made it.
    const made = place.distrust === undefined ? await findTemplate(root, key) : found;
    if (typeof made === "object") return made;
    report({ kind: "step", text: `Freezing a booted kernel as a template: ${made}` });
    const { machine, agentPort } = source;
    const entry = await publishEntry(root, kind, key, (folder) =>
      freezeMachine({ machine, agentPort, folder, scratch, report, signal }),
    );
    await pruneTemplates(root);
    return describeTemplate(entry.folder, entry.manifest);
  });
}

/** The template in the cache, or why there is none that can be used. */
async function findTemplate(root: string, key: string): Promise<Template | string> {
  const entry = await readEntry<TemplateManifest>(root, kind, key);
  if (entry === null) return "none of this kernel, QEMU and machine yet";
  const { folder, manifest } = entry;
  const template = describeTemplate(folder, manifest);
  const [memory, state] = await Promise.all([sizeOf(template.memory), sizeOf(template.state)]);
  if (memory !== manifest.memoryBytes || state !== manifest.stateBytes) return "the one in the cache is not whole";
  const now = new Date();
  await utimes(folder, now, now);
  return template;
}

/** Removes those that were not used for longest. A clone that runs on one keeps its files open, and goes on. */
async function pruneTemplates(root: string): Promise<void> {
  const parent = join(root, kind);
  const entries = await Promise.all(
    (await readdir(parent))
      .filter((name) => !name.startsWith("."))
      .map(async (name) => ({ path: join(parent, name), used: (await stat(join(parent, name))).mtimeMs })),
  );
  const old = entries.sort((a, b) => b.used - a.used).slice(keptTemplates);
  await Promise.all(old.map(({ path }) => rm(path, { recursive: true, force: true })));
}

const sizeOf = async (path: string | null): Promise<number | null> => {
  if (path === null) return null;
  const found = await stat(path).catch(() => null);
  return found?.size ?? null;
};

/** Content key: whatever of it changes gives another template. */
export function keyOf({ machine, digests }: TemplateSource, host: string | null): string {
  const commandLine = buildCommandLine(
    { ...machine, kernel: "kernel", initramfs: "initramfs" },
    { folder: "", sockets: "connect" },
  ).slice(machine.qemu.argv.length);
  return createHash("sha256")
    .update(JSON.stringify({ format, commandLine, digests, host }))
    .digest("hex")
    .slice(0, 32);
}
