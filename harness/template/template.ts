/**
 * Templates: a machine that has booted once, frozen with its agent waiting, to be thawed as often as wanted.
 *
 * Guest RAM is a file. The machine that is frozen shares it, so that migration saves device state alone; a clone maps the
 * same file copy-on-write and loads that state. Where that cannot be had, RAM is part of the state. zPCI functions cannot
 * be migrated: a template has none, and every clone gets its own by hot plug.
 */
import { join } from "node:path";
import type { AgentHello } from "../agent/answers.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import type { MachineDefinition } from "../qemu/machine.ts";
import type { StartedQemu } from "../qemu/started-qemu.ts";
import { loadState, type MemoryPlace, type Transport } from "./migration.ts";

/** Limit for a state to be loaded, in milliseconds. */
const thawLimit = 10_000;

/** A frozen machine. */
export interface Template {
  /** What the agent said when it was up. */
  readonly hello: AgentHello;
  /** File of the guest's RAM; null where the state holds it. */
  readonly memory: string | null;
  /** File of the device state. */
  readonly state: string;
  /** Bytes of the state. */
  readonly stateBytes: number;
  /** How the state comes to QEMU. */
  readonly transport: Transport;
}

/** What a template's folder says of itself. */
export interface TemplateManifest {
  readonly hello: AgentHello;
  readonly memory: MemoryPlace;
  readonly transport: Transport;
  /** Bytes of the file of the guest's RAM; null where there is none. */
  readonly memoryBytes: number | null;
  readonly stateBytes: number;
}

/** File of a template's RAM in its folder. */
export const memoryFileIn = (folder: string): string => join(folder, "memory");
/** File of a template's state in its folder. */
export const stateFileIn = (folder: string): string => join(folder, "state");

/** The template in a folder. */
export const describeTemplate = (folder: string, manifest: TemplateManifest): Template => ({
  hello: manifest.hello,
  memory: manifest.memory === "file" ? memoryFileIn(folder) : null,
  state: stateFileIn(folder),
  stateBytes: manifest.stateBytes,
  transport: manifest.transport,
});

/** A machine definition that begins as a clone of a template. */
export const cloneOf = (machine: MachineDefinition, template: Template): MachineDefinition => ({
  ...machine,
  ...(template.memory === null ? {} : { memory: { path: template.memory, share: false } }),
  incoming: true,
});

/**
 * Loads a template's state into a machine that was started as its clone, and lets it run.
 * @throws {HarnessError} where QEMU cannot load it
 */
export async function thaw(machine: StartedQemu, template: Template, signal: AbortSignal): Promise<void> {
  const { state, stateBytes, transport, memory } = template;
  const migration = {
    memory: memory === null ? ("state" as const) : ("file" as const),
    ...{ transport, path: state, bytes: stateBytes, limit: thawLimit },
  };
  try {
    await loadState(machine, migration, signal);
  } catch (cause) {
    signal.throwIfAborted();
    throw new InfrastructureError({ what: "Cannot thaw the template", cause });
  }
  await machine.qmp.execute("cont", {}, signal);
}
