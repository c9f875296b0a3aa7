/**
 * Freezing: a machine boots, is stopped with its agent waiting, and its state is written. Before anybody else sees it, a
 * clone is thawed and has to answer: whether clones work with this QEMU, accelerator and kernel is found out, not known.
 */
import { randomBytes } from "node:crypto";
import { rm, stat } from "node:fs/promises";
import { AgentClient } from "../agent/agent-client.ts";
import type { ReportProgress } from "../assets/progress.ts";
import { describeError } from "../errors/describe-error.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { ResourceScope } from "../lifecycle/resource-scope.ts";
import type { Scratch } from "../lifecycle/scratch.ts";
import type { MachineDefinition } from "../qemu/machine.ts";
import { startQemu } from "../qemu/start-qemu.ts";
import { portOf } from "../qemu/started-qemu.ts";
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

/** Limits in milliseconds: for QEMU to start, a kernel to boot and come to rest, its state to be written, a clone to answer. */
const startLimit = 10_000;
const bootLimit = 60_000;
const restLimit = 10_000;
const freezeLimit = 30_000;
const answerLimit = 10_000;
/** Bytes that a state may have beside RAM; it has a few hundred thousand. */
const deviceStateLimit = 64 * 1024 * 1024;

/** What is frozen, and where. */
export interface Freezing {
  readonly machine: MachineDefinition;
  /** Port of the agent's worker. */
  readonly agentPort: string;
  /** Empty folder of the template. */
  readonly folder: string;
  readonly scratch: Scratch;
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}

/** A kernel that does not boot: no way of freezing helps. */
class BootError extends InfrastructureError {}

/**
 * Freezes a machine, its RAM in a file where clones of that work, else in the state; a line says so.
 * @throws {HarnessError} where the machine does not boot, or neither gives a clone that answers
 */
export async function freezeMachine(freezing: Freezing): Promise<TemplateManifest> {
  try {
    return await freezeAndTry(freezing, "file");
  } catch (error) {
    freezing.signal.throwIfAborted();
    if (error instanceof BootError) throw error;
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
  const manifest = await freeze(freezing, memory);
  await tryClone(freezing, describeTemplate(freezing.folder, manifest));
  return manifest;
}

async function freeze(freezing: Freezing, memory: MemoryPlace): Promise<TemplateManifest> {
  const { folder, scratch, signal } = freezing;
  await using scope = new ResourceScope();
  const ram = memory === "file" ? { memory: { path: memoryFileIn(folder), share: true } } : {};
  const machine = scope.use(
    "machine",
    await startQemu({ ...freezing.machine, ...ram }, { scratch, startLimit }, signal),
  );
  const agent = scope.use("agent's channel", new AgentClient(portOf(machine, freezing.agentPort)));
  if (memory === "file" && !(await canIgnoreShared(machine, signal))) {
    throw new InfrastructureError({ what: `QEMU ${machine.version} cannot leave RAM to a file` });
  }
  const hello = await agent.waitForHello(signal, bootLimit).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw new BootError({ what: "The kernel to be frozen does not boot", cause });
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
async function tryClone({ machine, agentPort, scratch, signal }: Freezing, template: Template): Promise<void> {
  try {
    await using scope = new ResourceScope();
    const clone = scope.use("clone", await startQemu(cloneOf(machine, template), { scratch, startLimit }, signal));
    const agent = scope.use("agent's channel", new AgentClient(portOf(clone, agentPort)));
    await thaw(clone, template, signal);
    const seed = { bytes: randomBytes(8).toString("hex"), time: String(Math.floor(Date.now() / 1000)) };
    const { result } = await agent.request("seed", seed, signal, answerLimit);
    if (result !== "OK") throw new InfrastructureError({ what: `Its agent answers with ${result}` });
  } catch (cause) {
    signal.throwIfAborted();
    throw new InfrastructureError({ what: "A clone of what was frozen does not work", cause });
  }
}
