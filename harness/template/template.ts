/**
 * Templates: a machine that has booted once, frozen with its agent waiting, to be thawed as often as wanted.
 *
 * Guest RAM is a file. The machine that is frozen shares it, so that migration with x-ignore-shared saves device state
 * alone; a clone maps the same file copy-on-write and loads that state. zPCI functions cannot be migrated: a template
 * has none, and every clone gets its own by hot plug.
 */
import { createHash } from "node:crypto";
import { readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { AgentClient } from "../agent/agent-client.ts";
import type { AgentHello } from "../agent/answers.ts";
import { publishEntry, readEntry } from "../assets/cache.ts";
import { withLock } from "../assets/file-lock.ts";
import type { ReportProgress } from "../assets/progress.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { ResourceScope } from "../lifecycle/resource-scope.ts";
import type { Scratch } from "../lifecycle/scratch.ts";
import type { QmpEvent } from "../qmp/messages.ts";
import { buildCommandLine, type MachineDefinition } from "../qemu/machine.ts";
import { startQemu } from "../qemu/start-qemu.ts";
import { portOf, type StartedQemu } from "../qemu/started-qemu.ts";

/** Goes up when what is frozen, or how, changes. */
const format = 1;
/** Kind of the cache's entries. */
const kind = "template";
/** Templates that are kept; a kernel under test leaves one behind, and each holds what its guest has touched of its RAM. */
const keptTemplates = 8;
const memoryFile = "memory";
const stateFile = "state";
/** Limits in milliseconds: for QEMU to start, for a kernel to boot, for its state to be written, and to be loaded. */
const startLimit = 10_000;
const bootLimit = 60_000;
const freezeLimit = 30_000;
const thawLimit = 10_000;

/** Migrates device state alone, and says by events how far it is. */
const capabilities = {
  capabilities: [
    { capability: "x-ignore-shared", state: true },
    { capability: "events", state: true },
  ],
};

interface Manifest {
  readonly hello: AgentHello;
  readonly memoryBytes: number;
  readonly stateBytes: number;
}

/** A frozen machine. */
export interface Template {
  /** What the agent said when it was up. */
  readonly hello: AgentHello;
  /** File of the guest's RAM. */
  readonly memory: string;
  /** File of the device state. */
  readonly state: string;
}

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
 * @throws {HarnessError} where the machine does not boot or cannot be frozen
 */
export async function prepareTemplate(source: TemplateSource, place: TemplatePlace): Promise<Template> {
  const { root, report, signal } = place;
  const key = keyOf(source);
  const found = place.distrust === undefined ? await findTemplate(root, key) : place.distrust;
  if (typeof found === "object") return found;
  const purpose = "freezing a booted kernel as a template";
  return withLock({ root, name: `template-${key}`, purpose, report, signal }, async () => {
    // Whoever held the lock before may have made it.
    const made = place.distrust === undefined ? await findTemplate(root, key) : found;
    if (typeof made === "object") return made;
    report({ kind: "step", text: `Freezing a booted kernel as a template: ${made}` });
    const entry = await publishEntry<Manifest>(root, kind, key, (folder) => freeze(source, folder, place));
    await pruneTemplates(root);
    return describe(entry.folder, entry.manifest.hello);
  });
}

const describe = (folder: string, hello: AgentHello): Template => ({
  hello,
  memory: join(folder, memoryFile),
  state: join(folder, stateFile),
});

/** The template in the cache, or why there is none that can be used. */
async function findTemplate(root: string, key: string): Promise<Template | string> {
  const entry = await readEntry<Manifest>(root, kind, key);
  if (entry === null) return "none of this kernel, QEMU and machine yet";
  const template = describe(entry.folder, entry.manifest.hello);
  const [memory, state] = await Promise.all([sizeOf(template.memory), sizeOf(template.state)]);
  if (memory !== entry.manifest.memoryBytes || state !== entry.manifest.stateBytes) {
    return "the one in the cache is not whole";
  }
  const now = new Date();
  await utimes(entry.folder, now, now);
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

const sizeOf = async (path: string): Promise<number | null> => {
  const found = await stat(path).catch(() => null);
  return found?.size ?? null;
};

/** Content key: whatever of it changes gives another template. */
function keyOf({ machine, digests }: TemplateSource): string {
  const commandLine = buildCommandLine(
    { ...machine, kernel: "kernel", initramfs: "initramfs" },
    { folder: "", sockets: "connect" },
  ).slice(machine.qemu.argv.length);
  return createHash("sha256").update(JSON.stringify({ format, commandLine, digests })).digest("hex").slice(0, 32);
}

async function freeze(source: TemplateSource, folder: string, place: TemplatePlace): Promise<Manifest> {
  const { signal } = place;
  await using scope = new ResourceScope();
  const memory = join(folder, memoryFile);
  const state = join(folder, stateFile);
  const machine = scope.use(
    "machine",
    await startQemu(
      { ...source.machine, memory: { path: memory, share: true } },
      { scratch: place.scratch, startLimit },
      signal,
    ),
  );
  const agent = scope.use("agent's channel", new AgentClient(portOf(machine, source.agentPort)));
  const hello = await agent.waitForHello(signal, bootLimit);
  await machine.qmp.execute("stop", {}, signal);
  await machine.qmp.execute("migrate-set-capabilities", capabilities, signal);
  const saved = waitForMigration(machine, freezeLimit, signal);
  const [status] = await Promise.all([saved, machine.qmp.execute("migrate", { uri: `file:${state}` }, signal)]);
  if (status !== "completed") {
    throw new InfrastructureError({ what: "Cannot freeze the machine: QEMU could not write its state" });
  }
  return { hello, memoryBytes: (await sizeOf(memory)) ?? 0, stateBytes: (await sizeOf(state)) ?? 0 };
}

/** A machine definition that begins as a clone of a template. */
export const cloneOf = (machine: MachineDefinition, template: Template): MachineDefinition => ({
  ...machine,
  memory: { path: template.memory, share: false },
  incoming: true,
});

/** Loads a template's state into a machine that was started as its clone, and lets it run. */
export async function thaw(machine: StartedQemu, template: Template, signal: AbortSignal): Promise<void> {
  await machine.qmp.execute("migrate-set-capabilities", capabilities, signal);
  // The state was written by a stopped machine and is loaded as such: a "cont" that comes before it is all there is lost.
  const loaded = waitForMigration(machine, thawLimit, signal);
  const uri = `file:${template.state}`;
  const [status] = await Promise.all([loaded, machine.qmp.execute("migrate-incoming", { uri }, signal)]);
  if (status !== "completed")
    throw new InfrastructureError({ what: "Cannot thaw the template: QEMU could not load it" });
  await machine.qmp.execute("cont", {}, signal);
}

/** Waits for the end of a migration, and says which it was: `completed` or `failed`. Call it before the migration begins. */
async function waitForMigration(machine: StartedQemu, limit: number, signal: AbortSignal): Promise<unknown> {
  const ends: readonly unknown[] = ["completed", "failed"];
  const where = (event: QmpEvent): boolean => ends.includes(event.data["status"]);
  const { data } = await machine.qmp.waitForEvent(["MIGRATION"], { limit, signal, where });
  return data["status"];
}
