/** Coming to a machine whose agent answers: by a boot of its own, or as a clone of a template. */
import { randomBytes } from "node:crypto";
import { AgentClient } from "../agent/agent-client.ts";
import { WatchClient } from "../agent/watch-client.ts";
import { describeError } from "../errors/describe-error.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { ResourceScope } from "../lifecycle/resource-scope.ts";
import { isAccident } from "../qemu/end-error.ts";
import type { MachineDefinition } from "../qemu/machine.ts";
import { startQemu } from "../qemu/start-qemu.ts";
import { portOf, type StartedQemu } from "../qemu/started-qemu.ts";
import type { KeptTemplate } from "../template/prepare-template.ts";
import type { TemplateSupply } from "../template/template-supply.ts";
import { cloneOf, thaw } from "../template/template.ts";
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

/** A clone that cannot be had of a template, as far as can be seen by no fault of its own. */
class RefusalError extends InfrastructureError {}

/**
 * A machine: a clone where templates are supplied and can be thawed, else a boot. A clone that dies by an accident of its
 * own says nothing of the template: others go on to be made of it.
 * @throws {HarnessError} where QEMU cannot start or the kernel does not boot
 */
export async function bootMachine(request: BootRequest): Promise<BootedMachine> {
  const { templates } = request.options;
  let template = (await templates?.get()) ?? null;
  while (template !== null && templates !== undefined) {
    try {
      return await bootClone(request, template, templates);
    } catch (error) {
      request.signal.throwIfAborted();
      const tried = template;
      // It may have been taken away meanwhile, and another one be there.
      template = await templates.get();
      if (template !== tried) continue;
      if (!(error instanceof RefusalError)) throw error;
      const why = `the one in the cache cannot be thawed: ${describeError(error).join(" ")}`;
      template = await templates.replace(tried, why);
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
async function bootClone(
  request: BootRequest,
  template: KeptTemplate,
  templates: TemplateSupply,
): Promise<BootedMachine> {
  await using scope = new ResourceScope();
  const laps = new Laps();
  const started = await startMachine(request, cloneOf(machineOf(request.options), template), scope);
  laps.end("spawn");
  try {
    await thaw(started.machine, template, request.signal);
    laps.end("load");
    const { start } = limitsOf(request.options);
    const seed = { bytes: randomBytes(seedBytes).toString("hex"), time: String(Math.floor(Date.now() / 1000)) };
    const { result } = await started.agent.request("seed", seed, request.signal, start);
    if (result !== "OK") throw new InfrastructureError({ what: `Cannot give the clone a clock: ${result}` });
    laps.end("first answer");
  } catch (error) {
    request.signal.throwIfAborted();
    throw await explainRefusal(error, started.machine);
  }
  // Its state may have been read from another template than its memory.
  if ((await templates.get()) !== template) {
    throw new InfrastructureError({ what: "The template was replaced while a clone of it was thawed" });
  }
  templates.confirm(template);
  request.scope.use("clone", scope.move());
  return { ...started, hello: template.hello, phases: laps.phases };
}

/** Why a clone did not come to its first answer. */
async function explainRefusal(error: unknown, machine: StartedQemu): Promise<Error> {
  const end = await findMachineEnd(error, machine);
  if (end === null) return new RefusalError({ what: "A clone of it does not answer", cause: error });
  const ended = makeEndError("Cannot thaw a clone", end);
  return isAccident(ended) ? ended : new RefusalError({ what: ended.what, cause: ended.cause });
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
  const agent = scope.use("agent's channel", new AgentClient(portOf(machine, agentPorts.agent), machine.pid));
  const watch = scope.use("supervisor's channel", new WatchClient(portOf(machine, agentPorts.watch), machine.pid));
  // Ended before its channels are: a guest whose host goes away first has a lot to do about it, on a core that others want.
  scope.use("machine, its channels still there", machine);
  return { machine, agent, watch };
}
