/** Coming to a machine whose agent answers: by a boot of its own, or as a clone of a template. */
import { randomBytes } from "node:crypto";
import { AgentClient } from "../agent/agent-client.ts";
import { WatchClient } from "../agent/watch-client.ts";
import { describeError } from "../errors/describe-error.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { ResourceScope } from "../lifecycle/resource-scope.ts";
import type { MachineDefinition } from "../qemu/machine.ts";
import { startQemu } from "../qemu/start-qemu.ts";
import { portOf } from "../qemu/started-qemu.ts";
import { cloneOf, thaw, type Template } from "../template/template.ts";
import { machineOf } from "./describe-by-hand.ts";
import { agentPorts, limitsOf, type MachineOptions } from "./emulated-options.ts";
import { findMachineEnd, makeEndError } from "./machine-failure.ts";
import type { BootedMachine } from "./machine-source.ts";
import { Laps } from "../wait/laps.ts";

/** Bytes of entropy a clone gets of its own. */
const seedBytes = 64;

/** What booting needs to know. */
export interface BootRequest {
  readonly options: MachineOptions;
  /** File that is to keep its console; one in the machine's folder where undefined. */
  readonly consoleFile: string | undefined;
  readonly scope: ResourceScope;
  readonly signal: AbortSignal;
}

/**
 * A machine: a clone where templates are supplied and can be thawed, else a boot.
 * @throws {HarnessError} where QEMU cannot start or the kernel does not boot
 */
export async function bootMachine(request: BootRequest): Promise<BootedMachine> {
  const { templates } = request.options;
  let template = (await templates?.get()) ?? null;
  while (template !== null && templates !== undefined) {
    try {
      return await bootClone(request, template);
    } catch (error) {
      request.signal.throwIfAborted();
      template = await templates.replace(
        template,
        `the one in the cache cannot be thawed: ${describeError(error).join(" ")}`,
      );
    }
  }
  return bootCold(request);
}

async function bootCold(request: BootRequest): Promise<BootedMachine> {
  const { options, signal, scope } = request;
  const laps = new Laps();
  const started = await startMachine(request, machineOf(options), scope);
  laps.end("spawn");
  try {
    const either = AbortSignal.any([signal, started.watch.workerEnded]);
    const hello = await started.agent.waitForHello(either, limitsOf(options).boot);
    laps.end("boot");
    return { ...started, hello, phases: laps.phases };
  } catch (error) {
    const end = await findMachineEnd(error, started.machine);
    throw end === null ? error : makeEndError(`Cannot boot kernel "${options.kernel}"`, end);
  }
}

/** A clone must share neither its random numbers with its siblings nor its clock with the day it was frozen. */
async function bootClone(request: BootRequest, template: Template): Promise<BootedMachine> {
  await using scope = new ResourceScope();
  const laps = new Laps();
  const started = await startMachine(request, cloneOf(machineOf(request.options), template), scope);
  laps.end("spawn");
  await thaw(started.machine, template, request.signal);
  laps.end("load");
  const { start } = limitsOf(request.options);
  const seed = { bytes: randomBytes(seedBytes).toString("hex"), time: String(Math.floor(Date.now() / 1000)) };
  const { result } = await started.agent.request("seed", seed, request.signal, start);
  if (result !== "OK") throw new InfrastructureError({ what: `Cannot give the clone a clock: ${result}` });
  laps.end("first answer");
  request.scope.use("clone", scope.move());
  return { ...started, hello: template.hello, phases: laps.phases };
}

async function startMachine(
  { options, consoleFile, signal }: BootRequest,
  definition: MachineDefinition,
  scope: ResourceScope,
): Promise<Pick<BootedMachine, "machine" | "agent" | "watch">> {
  const place = {
    scratch: options.scratch,
    startLimit: limitsOf(options).start,
    ...(consoleFile === undefined ? {} : { consoleFile }),
  };
  const machine = scope.use("machine", await startQemu(definition, place, signal));
  const agent = scope.use("agent's channel", new AgentClient(portOf(machine, agentPorts.agent)));
  const watch = scope.use("supervisor's channel", new WatchClient(portOf(machine, agentPorts.watch)));
  return { machine, agent, watch };
}
