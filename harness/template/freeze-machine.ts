/**
 * Freezing: a machine boots, is stopped with its agent waiting, and its state is written. Before anybody else sees it, a
 * clone is thawed and has to answer: whether clones work with this QEMU, accelerator and kernel is found out, not known.
 */
import { rm, stat, statfs } from "node:fs/promises";
import type { AgentHello } from "../agent/answers.ts";
import type { ReportProgress } from "../assets/progress.ts";
import { describeError } from "../errors/describe-error.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { ResourceScope } from "../lifecycle/resource-scope.ts";
import type { Scratch } from "../lifecycle/scratch.ts";
import { isAccident } from "../qemu/end-error.ts";
import type { MachineDefinition } from "../qemu/machine.ts";
import { startQemu } from "../qemu/start-qemu.ts";
import type { StartedQemu } from "../qemu/started-qemu.ts";
import { findMachineEnd, makeEndError } from "../target/machine-failure.ts";
import { canIgnoreShared, chooseTransport, saveState, type MemoryPlace } from "./migration.ts";
import { stopAtRest } from "./stop-at-rest.ts";
import {
  cloneOf,
  describeTemplate,
  memoryFileIn,
  stateFileIn,
  thaw,
  type Template,
  type TemplateManifest,
} from "./template.ts";

/** Limits in milliseconds: for QEMU to start, a machine to come to rest, its state to be written. */
const startLimit = 10_000;
const restLimit = 10_000;
const freezeLimit = 30_000;
/** Bytes that a state may have beside RAM; it has a few hundred thousand. */
const deviceStateLimit = 64 * 1024 * 1024;

/** How a machine comes to where it is frozen, and how a clone shows that it works. */
export interface FreezingRoutine {
  /** The machine that is frozen, where it is another than what clones begin as; `folder` is the template's. */
  readonly begin?: (machine: MachineDefinition, folder: string, scratch: Scratch) => Promise<MachineDefinition>;
  /**
   * Has the machine come to where it is frozen, with nothing connected that a clone would miss.
   * @throws {HarnessError} where it does not: no other way of freezing helps
   */
  readonly settle: (
    machine: StartedQemu,
    folder: string,
    scope: ResourceScope,
    signal: AbortSignal,
  ) => Promise<AgentHello>;
  /** Has a clone do the first thing that is asked of every one. */
  readonly tryOut: (clone: StartedQemu, folder: string, signal: AbortSignal) => Promise<void>;
}

/** What is frozen, and where. */
export interface Freezing {
  readonly machine: MachineDefinition;
  readonly routine: FreezingRoutine;
  /** Empty folder of the template. */
  readonly folder: string;
  readonly scratch: Scratch;
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}

/**
 * Bytes of room below which a file system counts as full. On a tmpfs clones take room, too, for each page that the frozen
 * guest never touched, and where there is none they die of SIGBUS.
 */
const fullLimit = 64 * 1024 * 1024;

/** Something that no other way of freezing helps against: a kernel that does not boot, a full disk, a killed QEMU. */
class HopelessError extends InfrastructureError {}

/**
 * Freezes a machine, its RAM in a file where clones of that work, else in the state; a line says so.
 * @throws {HarnessError} where the machine does not boot, or neither gives a clone that answers
 */
export async function freezeMachine(freezing: Freezing): Promise<TemplateManifest> {
  try {
    return await freezeAndTry(freezing, "file");
  } catch (error) {
    freezing.signal.throwIfAborted();
    if (error instanceof HopelessError) throw error;
    freezing.report({
      kind: "step",
      text: `Freezing its RAM into the template's state, which takes longer to thaw: ${describeError(error).join(" ")}`,
    });
  }
  await rm(memoryFileIn(freezing.folder), { force: true });
  await rm(stateFileIn(freezing.folder), { force: true });
  return freezeAndTry(freezing, "state");
}

async function freezeAndTry(freezing: Freezing, memory: MemoryPlace): Promise<TemplateManifest> {
  try {
    const manifest = await freeze(freezing, memory);
    await tryClone(freezing, describeTemplate(freezing.folder, manifest));
    if (await isFull(freezing.folder))
      throw new InfrastructureError({ what: "Its clones would have too little left" });
    return manifest;
  } catch (cause) {
    freezing.signal.throwIfAborted();
    if (await isFull(freezing.folder)) {
      throw new HopelessError({
        what: `There is no room for a template in "${freezing.folder}"`,
        remedy: "Make room for a few hundred MB, or point ZHIL_CACHE to a folder that has it",
        cause,
      });
    }
    throw isAccident(cause) ? new HopelessError({ what: "The machine to be frozen came to its end", cause }) : cause;
  }
}

/** Whether a folder's file system is full; QEMU itself tells it in many ways, or dies without a word. */
async function isFull(folder: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize < fullLimit;
}

async function freeze(freezing: Freezing, memory: MemoryPlace): Promise<TemplateManifest> {
  const { folder, scratch, signal } = freezing;
  await using scope = new ResourceScope();
  const ram = memory === "file" ? { memory: { path: memoryFileIn(folder), share: true } } : {};
  const begun = (await freezing.routine.begin?.(freezing.machine, folder, scratch)) ?? freezing.machine;
  const machine = scope.use("machine", await startQemu({ ...begun, ...ram }, { scratch, startLimit }, signal));
  try {
    return await freezeStarted(freezing, memory, machine, scope);
  } catch (error) {
    throw await explainEnd(error, machine);
  }
}

/** The end of the machine, where that is what lies behind an error. */
async function explainEnd(error: unknown, machine: StartedQemu): Promise<unknown> {
  const end = error instanceof HopelessError ? null : await findMachineEnd(error, machine);
  return end === null ? error : makeEndError("Its machine is no more", end);
}

async function freezeStarted(
  freezing: Freezing,
  memory: MemoryPlace,
  machine: StartedQemu,
  scope: ResourceScope,
): Promise<TemplateManifest> {
  const { folder, signal } = freezing;
  if (memory === "file" && !(await canIgnoreShared(machine, signal))) {
    throw new InfrastructureError({ what: `QEMU ${machine.version} cannot leave RAM to a file` });
  }
  const hello = await freezing.routine.settle(machine, folder, scope, signal).catch(async (cause: unknown) => {
    signal.throwIfAborted();
    throw new HopelessError({
      what: "The kernel to be frozen does not boot",
      cause: await explainEnd(cause, machine),
    });
  });
  await stopAtRest(machine.qmp, restLimit, signal);
  const transport = chooseTransport(machine.version);
  const path = stateFileIn(folder);
  const bytes = deviceStateLimit + (memory === "file" ? 0 : freezing.machine.memoryMiB * 1024 * 1024);
  await saveState(machine, { memory, transport, path, bytes, limit: freezeLimit }, signal);
  return {
    ...{ hello, memory, transport },
    memoryBytes: memory === "file" ? (await stat(memoryFileIn(folder))).size : null,
    stateBytes: (await stat(path)).size,
  };
}

/**
 * Thaws a clone as every scenario will, and has its agent do the first thing that every scenario asks for.
 * @throws {InfrastructureError} where it does not answer
 */
async function tryClone(freezing: Freezing, template: Template): Promise<void> {
  const { machine, routine, scratch, folder, signal } = freezing;
  await using clone = await startQemu(cloneOf(machine, template), { scratch, startLimit }, signal);
  try {
    await thaw(clone, template, signal);
    await routine.tryOut(clone, folder, signal);
  } catch (error) {
    signal.throwIfAborted();
    const cause = await explainEnd(error, clone);
    throw isAccident(cause)
      ? cause
      : new InfrastructureError({ what: "A clone of what was frozen does not work", cause });
  }
}
