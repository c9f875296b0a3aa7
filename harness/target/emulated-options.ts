import type { Plan } from "../../src/plan/plan.ts";
import type { Profile } from "../../src/trace/profile.ts";
import { isAtLeast } from "../../src/zpci/version.ts";
import type { Scratch } from "../lifecycle/scratch.ts";
import type { Accelerator } from "../qemu/accelerator.ts";
import type { QemuCommand } from "../qemu/qemu-command.ts";
import type { TemplateSupply } from "../template/template-supply.ts";
import type { FunctionDefinition } from "../vfio-user/function-definition.ts";
import type { MachineSource } from "./machine-source.ts";

/** What machines of the `emulated` bench are made of: put together once per run, used for any number of scenarios. */
export interface MachineOptions {
  /** What the scenarios are planned for; its command line, memory and CPUs are what the machine gets. */
  readonly profile: Omit<Profile, "functions">;
  readonly qemu: QemuCommand;
  /** What executes the guest's instructions; QEMU itself where absent. */
  readonly accelerator?: Accelerator;
  /** Path of the kernel image. */
  readonly kernel: string;
  /** Path of the initramfs that holds the agent. */
  readonly initramfs: string;
  /** Program that raises interrupts for functions that are served; without it none can. */
  readonly relay?: string;
  /** The run's scratch folder; the caller disposes it after every target. */
  readonly scratch: Scratch;
  /** Where clones come from; every plan boots on its own where absent. */
  readonly templates?: TemplateSupply;
  /** Where clones come from whose kernel has another command line; those boot on their own where absent. */
  readonly templatesFor?: (commandLine: string) => TemplateSupply;
  /** Limits that differ from the usual ones. */
  readonly limits?: Partial<EmulatedLimits>;
}

/** What a target on the `emulated` bench needs. */
export interface EmulatedTargetOptions extends MachineOptions {
  /** Where it takes its machines from, for the caller to dispose; a pristine one for every plan where absent. */
  readonly machines?: MachineSource;
  /** What is served for functions of a plan, by their names, in place of what their devices are. */
  readonly definitions?: ReadonlyMap<string, FunctionDefinition>;
  /** File that is to keep the console of a plan's machine; where absent it goes with the scratch folder. */
  readonly consoleFile?: (plan: Plan) => string;
}

/** Limits in milliseconds, before ZHIL_TIME_SCALE. */
export interface EmulatedLimits {
  /** For QEMU to connect its sockets, and to greet on its monitor. */
  readonly start: number;
  /** For the agent to say hello. */
  readonly boot: number;
  /** For the kernel to find a plugged function. */
  readonly plug: number;
  /** For the kernel to find a function that it may never find. */
  readonly find: number;
  /** For one operation. */
  readonly operation: number;
  /** For the supervisor to answer when an operation did not. */
  readonly ping: number;
}

/** The usual limits. */
const usualLimits: EmulatedLimits = {
  start: 10_000,
  boot: 60_000,
  plug: 10_000,
  find: 2_000,
  operation: 10_000,
  ping: 2_000,
};

/** The limits that options ask for. */
export const limitsOf = ({ limits }: Pick<MachineOptions, "limits">): EmulatedLimits => ({
  ...usualLimits,
  ...limits,
});

/**
 * Kernel command line of the bench: warnings reach the console, where they are evidence; an oops ends the machine,
 * because whatever comes after one says nothing; addresses are those of the image.
 */
export const emulatedCommandLine = "console=ttysclp0 loglevel=5 panic_on_oops=1 nokaslr";

/**
 * The command line for a kernel. Older ones probe a hot-plugged function whatever `drivers_autoprobe` says
 * (drivers/pci/bus.c, pci_bus_add_device: device_attach, which does not ask): there the drivers themselves are kept out.
 */
export function commandLineFor(release: string): string {
  if (isAtLeast(release, "7.0")) return emulatedCommandLine;
  return `${emulatedCommandLine} initcall_blacklist=virtio_pci_driver_init,nvme_init`;
}

/** The machine of a plan, which may tell its kernel more on the command line. */
export function optionsFor(options: MachineOptions, { profile }: Pick<Plan, "profile">): MachineOptions {
  const { commandLine } = profile.kernel;
  const { templates: _, ...others } = options;
  if (commandLine === options.profile.kernel.commandLine) return options;
  return {
    ...others,
    profile: { ...options.profile, kernel: { ...options.profile.kernel, commandLine } },
    ...(options.templatesFor === undefined ? {} : { templates: options.templatesFor(commandLine) }),
  };
}

/** Ports of the agent's worker and of its supervisor. */
export const agentPorts = { agent: "zhil.agent", watch: "zhil.watch" } as const;
