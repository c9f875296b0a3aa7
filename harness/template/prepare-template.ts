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
import { freezeMachine, type FreezingRoutine } from "./freeze-machine.ts";
import { describeTemplate, type Template, type TemplateManifest } from "./template.ts";

/** Goes up when what is frozen, or how, changes. */
const format = 3;
/** Kind of the cache's entries. */
const kind = "template";
/** Templates that are kept; a kernel under test leaves one behind, and each holds what its guest has touched of its RAM. */
const keptTemplates = 16;

/** What a template is made from. */
export interface TemplateSource {
  readonly machine: MachineDefinition;
  /** Digests of everything that runs: QEMU, kernel, initramfs. */
  readonly digests: readonly string[];
  readonly routine: FreezingRoutine;
}

/** How a template is looked for and made. */
export interface TemplatePlace {
  /** Root of the cache. */
  readonly root: string;
  readonly scratch: Scratch;
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
  /** The one that is not to be used, and why. */
  readonly distrust?: { readonly template: KeptTemplate; readonly why: string };
  /** What became of the one that was there before. */
  readonly loss?: string;
}

/** A template in the cache, told apart from any other that is put in its place later. */
export interface KeptTemplate extends Template {
  readonly identity: string;
}

/**
 * The template of a machine: the one in the cache, or a new one, with a line that says why.
 * @throws {HarnessError} where the machine does not boot, cannot be frozen, or its clones do not answer
 */
export async function prepareTemplate(source: TemplateSource, place: TemplatePlace): Promise<KeptTemplate> {
  const { root, scratch, report, signal, distrust } = place;
  const key = keyOf(source, await findHost(source.machine.accelerator));
  const find = async (): Promise<KeptTemplate | string> => {
    const found = await findTemplate(root, key, place.loss);
    return typeof found === "object" && found.identity === distrust?.template.identity ? distrust.why : found;
  };
  const found = await find();
  if (typeof found === "object") return found;
  const purpose = "freezing a booted kernel as a template";
  // One lock for all templates: whoever publishes one removes what killed processes left of any.
  return withLock({ root, name: kind, purpose, report, signal }, async () => {
    // Whoever held the lock before may have made it.
    const made = await find();
    if (typeof made === "object") return made;
    report({ kind: "step", text: `Freezing a booted kernel as a template: ${made}` });
    const { machine, routine } = source;
    const entry = await publishEntry(root, kind, key, (folder) =>
      freezeMachine({ machine, routine, folder, scratch, report, signal }),
    );
    await pruneTemplates(root);
    return keep(describeTemplate(entry.folder, entry.manifest));
  });
}

/** The template in the cache, or why there is none that can be used; `loss` is what became of an earlier one. */
async function findTemplate(root: string, key: string, loss?: string): Promise<KeptTemplate | string> {
  const entry = await readEntry<TemplateManifest>(root, kind, key);
  if (entry === null) return loss ?? "none of this kernel, QEMU and machine yet";
  const { folder, manifest } = entry;
  const template = await keep(describeTemplate(folder, manifest)).catch(() => null);
  if (template === null || !(await isWhole(template, manifest))) return "the one in the cache is not whole";
  const now = new Date();
  await utimes(folder, now, now);
  return template;
}

async function isWhole(template: Template, { memoryBytes, stateBytes }: TemplateManifest): Promise<boolean> {
  return (await sizeOf(template.memory)) === memoryBytes && (await sizeOf(template.state)) === stateBytes;
}

/** The template as it lies in its place at this moment. */
const keep = async (template: Template): Promise<KeptTemplate> => ({
  ...template,
  identity: (await Promise.all([template.state, template.memory].map(identify))).join(", "),
});

/** A file as it is told apart from others, whole or cut short; what a clone reads of it changes none of this. */
async function identify(path: string | null): Promise<string> {
  if (path === null) return "none";
  const { ino, size, birthtimeMs } = await stat(path);
  return [ino, size, birthtimeMs].join("/");
}

/** What became of a template that was found or made before; null where it is as it was. */
export async function findLoss(template: KeptTemplate): Promise<string | null> {
  const now = await keep(template).catch(() => null);
  if (now === null) return "the one that was used until now is gone";
  return now.identity === template.identity ? null : "the one that was used until now is not what it was";
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
