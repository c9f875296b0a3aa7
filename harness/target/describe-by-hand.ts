import { basename } from "node:path";
import type { Plan } from "../../src/plan/plan.ts";
import { isServed } from "../../src/trace/device-kinds.ts";
import { hasMedium, plugCommands } from "../qemu/device.ts";
import { buildCommandLine, type MachineDefinition } from "../qemu/machine.ts";
import { pathBehind } from "../qemu/plug-function.ts";
import { quoteForShell } from "../qemu/quote-for-shell.ts";
import { agentPorts, type MachineOptions } from "./emulated-options.ts";

/** The machine of a plan, before anything is plugged into it. */
export function machineOf(options: Omit<MachineOptions, "scratch">): MachineDefinition {
  const { qemu, accelerator, kernel, initramfs, profile } = options;
  return {
    qemu,
    ...(accelerator === undefined ? {} : { accelerator }),
    kernel,
    initramfs,
    commandLine: profile.kernel.commandLine,
    memoryMiB: profile.memoryMiB,
    cpus: profile.cpus,
    ...(profile.machine === undefined ? {} : { type: profile.machine }),
    ports: [agentPorts.agent, agentPorts.watch],
  };
}

/**
 * How to have the same machine without this project, as lines of a shell: the media, the QEMU command line with the
 * console on the terminal, and the commands for its monitor as comments.
 */
export function describeByHand(options: Omit<MachineOptions, "scratch">, plan: Plan): readonly string[] {
  const machine = machineOf({ ...options, profile: plan.profile });
  const variables = Object.entries(machine.qemu.environment).map(([name, value]) => `${name}=${value}`);
  const command = buildCommandLine(machine, { folder: "", sockets: "by-hand" });
  const plugs = plan.functions.flatMap((each) => plugCommands(each, basename(pathBehind("", each))));
  return [
    ...plan.functions
      .filter(hasMedium)
      .map((each) => quoteForShell(["truncate", "--size=1M", basename(pathBehind("", each))])),
    quoteForShell([...(variables.length === 0 ? [] : ["env", ...variables]), ...command]),
    ...plan.functions
      .filter(isServed)
      .map((each) => `# a vfio-user server for function "${each.name}" on "${basename(pathBehind("", each))}" first`),
    ...["# then, on the monitor's socket:", '# {"execute":"qmp_capabilities"}'],
    ...plugs.map((each) => `# ${JSON.stringify(each)}`),
  ];
}
