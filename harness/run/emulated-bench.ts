import { basename } from "node:path";
import { prepareAssets } from "../assets/prepare-assets.ts";
import { findCacheRoot } from "../assets/cache.ts";
import type { Assets } from "../assets/assets.ts";
import type { ReportProgress } from "../assets/progress.ts";
import { reapLeftovers } from "../lifecycle/reap-leftovers.ts";
import { ResourceScope } from "../lifecycle/resource-scope.ts";
import { createScratch } from "../lifecycle/scratch.ts";
import { findAccelerator } from "../qemu/accelerator.ts";
import { describeByHand, machineOf } from "../target/describe-by-hand.ts";
import { EmulatedTarget } from "../target/emulated.ts";
import { agentPorts, commandLineFor, type MachineOptions } from "../target/emulated-options.ts";
import type { MachineSource } from "../target/machine-source.ts";
import { PristineMachines } from "../target/pristine-machines.ts";
import { SharedMachines } from "../target/shared-machines.ts";
import { addressesOf, type ChosenDomain, type Domain } from "../libvirt/domain.ts";
import type { TemplatePlace } from "../template/prepare-template.ts";
import { freezeAgent } from "../template/freeze-agent.ts";
import { supplyTemplates, type TemplateSupply } from "../template/template-supply.ts";
import type { Bench } from "./bench.ts";
import type { BootKind } from "./boot-kinds.ts";

/** How the `emulated` bench is opened. */
export interface EmulatedBenchOptions {
  /** A bzImage to boot instead of the prepared one, or the name of a ready-made kernel. */
  readonly kernel: string | null;
  /** A QEMU to use instead of the prepared one. */
  readonly qemu: string | null;
  /** How a scenario comes to its kernel; a clone where absent. */
  readonly boot?: BootKind;
  /** The domain whose memory, processors, machine and addresses its machines have. */
  readonly domain?: ChosenDomain;
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}

const usualMemoryMiB = 512;
const cpus = 1;

/**
 * Prepares QEMU and kernel, and opens the `emulated` bench on them.
 * @throws {HarnessError} where something cannot be had
 */
export async function openEmulatedBench(options: EmulatedBenchOptions): Promise<Bench> {
  const { kernel, qemu, report, signal, boot = "clone", domain } = options;
  const assets = await prepareAssets({
    ...(kernel === null ? {} : { kernel }),
    ...(qemu === null ? {} : { qemu }),
    report,
    signal,
  });
  const chosen = [
    // A ready-made kernel by its whole version: another day the archive may have a newer one.
    ...(kernel === null ? [] : ["--kernel", assets.kernel.readyMade?.name ?? kernel]),
    ...(qemu === null ? [] : ["--qemu", qemu]),
    ...(boot === "clone" ? [] : ["--boot", boot]),
    ...(domain === undefined ? [] : ["--domain", domain.file]),
  ];
  return openBenchOn(assets, chosen, { boot, report, signal, ...(domain === undefined ? {} : { domain }) });
}

/** How a bench is opened on assets that are there. */
export interface OpenBenchOptions {
  readonly boot: BootKind;
  readonly domain?: Domain;
  /** What machines go through on their way to a scenario and back; nothing where absent. */
  readonly through?: (machines: MachineSource) => MachineSource;
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}

/** Opens the `emulated` bench on assets that are there, after removing what killed runs left; `options` are what `zhil run` needs to find them again. */
export async function openBenchOn(
  assets: Assets,
  options: readonly string[],
  { boot, domain, through = (machines): MachineSource => machines, report, signal }: OpenBenchOptions,
): Promise<Bench> {
  const { kernel, qemu, initramfs } = assets;
  const machine = placeMachine(await describeMachineOn(assets, domain?.memoryMiB), domain);
  for (const { path, pids } of await reapLeftovers({ signal })) {
    const ended = pids.length === 0 ? "" : `, ended process${pids.length === 1 ? "" : "es"} ${pids.join(", ")}`;
    report({ kind: "note", text: `Removed what a run that was killed left: ${path}${ended}` });
  }
  await using scope = new ResourceScope();
  const scratch = scope.use("scratch folder", await createScratch());
  const templates = boot === "cold" ? {} : supplyEveryTemplate(machine, assets, { scratch, report, signal });
  const source: MachineOptions = { ...machine, ...templates, scratch };
  const machines = scope.use(
    "machines",
    through(boot === "shared" ? new SharedMachines(source) : new PristineMachines(source)),
  );
  const how = boot === "shared" ? "emulated, shared kernel" : "emulated";
  const kept = scope.move();
  const flavour = kernel.flavour === undefined ? "" : ` (${kernel.flavour})`;
  const patched = kernel.patches.length === 0 ? "" : ` with ${kernel.patches.join(", ")}`;
  return {
    title: `${how}: Linux ${kernel.version}${flavour}${patched} on QEMU ${qemu.version}`,
    profile: machine.profile,
    ...(domain === undefined ? {} : { addresses: addressesOf(domain) }),
    images: [
      { path: kernel.image, digest: kernel.digest },
      { path: initramfs.path, digest: initramfs.digest },
      { path: programOf(qemu.argv), digest: qemu.digest },
    ],
    options: ["--bench", "emulated", ...options],
    startsAhead: boot === "clone",
    createTarget: (consoleFile) => new EmulatedTarget({ ...source, machines, consoleFile: () => consoleFile }),
    describeMachine: (plan) => describeByHand(machine, plan),
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}

/** The machine that scenarios get, put together from assets. */
export async function describeMachineOn(
  { kernel, qemu, initramfs, relay }: Assets,
  memoryMiB = usualMemoryMiB,
): Promise<Omit<MachineOptions, "scratch" | "templates">> {
  const accelerator = await findAccelerator();
  return {
    profile: {
      bench: "emulated",
      kernel: {
        version: kernel.version,
        digest: kernel.digest,
        options: kernel.options,
        commandLine: commandLineFor(kernel.version),
        patches: kernel.patches,
      },
      qemu: { version: qemu.version, digest: qemu.digest },
      memoryMiB,
      cpus,
    },
    ...{ qemu, kernel: kernel.image, initramfs: initramfs.path, relay },
    ...(accelerator === null ? {} : { accelerator }),
  };
}

/** The machine as a domain has it. */
function placeMachine<T extends Pick<MachineOptions, "profile">>(machine: T, domain: Domain | undefined): T {
  if (domain === undefined) return machine;
  return { ...machine, profile: { ...machine.profile, cpus: domain.cpus, machine: domain.machine } };
}

/** Where clones of a machine come from: its template in the cache, frozen when the first one is wanted. */
export const supplyTemplatesFor = (
  machine: Omit<MachineOptions, "scratch" | "templates">,
  { qemu, kernel, initramfs }: Assets,
  place: Pick<TemplatePlace, "scratch" | "report" | "signal">,
): TemplateSupply =>
  supplyTemplates(
    {
      machine: machineOf(machine),
      digests: [qemu.digest, kernel.digest, initramfs.digest],
      routine: freezeAgent(agentPorts.agent),
    },
    { root: findCacheRoot(), ...place },
  );

/** Templates of a machine, and of the same one with other command lines, each frozen when it is first wanted. */
function supplyEveryTemplate(
  machine: Omit<MachineOptions, "scratch" | "templates">,
  assets: Assets,
  place: Pick<TemplatePlace, "scratch" | "report" | "signal">,
): Required<Pick<MachineOptions, "templates" | "templatesFor">> {
  const supplies = new Map<string, TemplateSupply>();
  const templatesFor = (commandLine: string): TemplateSupply => {
    const known = supplies.get(commandLine);
    if (known !== undefined) return known;
    const { profile } = machine;
    const told = { ...machine, profile: { ...profile, kernel: { ...profile.kernel, commandLine } } };
    const supply = supplyTemplatesFor(told, assets, place);
    supplies.set(commandLine, supply);
    return supply;
  };
  return { templates: templatesFor(machine.profile.kernel.commandLine), templatesFor };
}

/** QEMU's own file in its command: an unpacked one is started through a loader. */
const programOf = (argv: readonly [string, ...string[]]): string =>
  argv.find((word) => basename(word).startsWith("qemu-system-")) ?? argv[0];
