/** The `passthrough` bench: a guest on an emulated host, which passes functions through to it. */
import type { HostBackend } from "../../src/trace/host-view.ts";
import type { Assets } from "../assets/assets.ts";
import { createCacheFolder, findCacheRoot } from "../assets/cache.ts";
import { prepareHostRoot, type HostRoot } from "../assets/host-root.ts";
import { prepareAssets } from "../assets/prepare-assets.ts";
import type { ReportProgress } from "../assets/progress.ts";
import type { Kernel } from "../assets/assets.ts";
import { prepareKernel } from "../kernel/prepare-kernel.ts";
import { reapLeftovers } from "../lifecycle/reap-leftovers.ts";
import { ResourceScope } from "../lifecycle/resource-scope.ts";
import { createScratch } from "../lifecycle/scratch.ts";
import { freezeHost } from "../passthrough/freeze-host.ts";
import { PassthroughMachines } from "../passthrough/passthrough-machines.ts";
import { findAccelerator } from "../qemu/accelerator.ts";
import { buildCommandLine, type MachineDefinition } from "../qemu/machine.ts";
import { quoteForShell } from "../qemu/quote-for-shell.ts";
import { commandLineFor, type MachineOptions } from "../target/emulated-options.ts";
import { EmulatedTarget } from "../target/emulated.ts";
import { supplyTemplates } from "../template/template-supply.ts";
import type { Bench } from "./bench.ts";
import type { BootKind } from "./boot-kinds.ts";

/** How the `passthrough` bench is opened. */
export interface PassthroughBenchOptions {
  /** The guest's kernel, where it is not the prepared one. */
  readonly kernel: string | null;
  /** The QEMU that the host runs in, where it is not the prepared one. The guest's is the host's own. */
  readonly qemu: string | null;
  /** iommufd where absent. */
  readonly backend?: HostBackend;
  /** Cold, everything boots for every scenario. */
  readonly boot?: BootKind;
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}

/** Flavour of the host's kernel. */
const hostFlavour = "host";
/** Of the host. */
export const hostMemoryMiB = 1536;
const guestMemoryMiB = 512;
/** Of the host's kernel. */
export const hostCommandLine = "console=ttysclp0 loglevel=5 panic_on_oops=1";

/** Limits in milliseconds: everything is emulated twice, and five seconds that a guest spends polling may be two minutes here. */
const limits = {
  boot: 600_000,
  plug: 60_000,
  find: 20_000,
  operation: 240_000,
  ping: 30_000,
  start: 60_000,
} as const;

/**
 * Prepares host and guest, and opens the bench on them.
 * @throws {HarnessError} where something cannot be had
 */
export async function openPassthroughBench(options: PassthroughBenchOptions): Promise<Bench> {
  const { backend = "iommufd", boot = "clone", report, signal } = options;
  const { assets, hostKernel, hostRoot, profile } = await prepareGuest(options);
  const { kernel, qemu } = assets;
  const accelerator = await findAccelerator();
  const guest = { memoryMiB: guestMemoryMiB, commandLine: profile.kernel.commandLine };
  const host: MachineDefinition = {
    ...{ qemu, kernel: hostKernel.image, initramfs: hostRoot.path, commandLine: hostCommandLine },
    ...{ memoryMiB: hostMemoryMiB, cpus: 1, ports: [], reachable: true, countsInstructions: true },
    ...(accelerator === null ? {} : { accelerator }),
  };
  await reapLeftovers({ signal });
  await using scope = new ResourceScope();
  const scratch = scope.use("scratch folder", await createScratch());
  const routine = freezeHost(guest, assets);
  const digests = [
    qemu.digest,
    hostKernel.digest,
    hostRoot.digest,
    kernel.digest,
    assets.initramfs.digest,
    JSON.stringify(guest),
  ];
  const place = { root: findCacheRoot(), scratch, report, signal };
  const templates = boot === "cold" ? null : supplyTemplates({ machine: host, digests, routine }, place);
  const machines = scope.use("machines", new PassthroughMachines({ host, routine, backend, scratch, templates }));
  const parts = { profile, qemu, kernel: kernel.image, initramfs: assets.initramfs.path, relay: assets.relay };
  const kept = scope.move();
  return {
    title: describe(profile),
    profile,
    images: [kernel, hostKernel].map(({ image, digest }) => ({ path: image, digest })),
    options: [
      ...["--bench", "passthrough", "--backend", backend],
      ...(options.kernel === null ? [] : ["--kernel", options.kernel]),
      ...(options.qemu === null ? [] : ["--qemu", options.qemu]),
      ...(boot === "clone" ? [] : ["--boot", boot]),
    ],
    startsAhead: false,
    createTarget: (consoleFile) =>
      new EmulatedTarget({ ...parts, scratch, machines, limits, consoleFile: () => consoleFile }),
    describeMachine: () => [
      "# the host; its root has no keys until a template is made of it",
      quoteForShell(buildCommandLine(host, { folder: "", sockets: "by-hand" })),
    ],
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}

function describe({ kernel, qemu, host }: MachineOptions["profile"]): string {
  const on = host === undefined ? "" : `, on Linux ${host.kernel.version} by ${host.backend}`;
  return `passthrough: Linux ${kernel.version} on QEMU ${qemu.version}${on}`;
}

/** What a guest and its host are made of, and what is known of them. */
export interface PreparedGuest {
  readonly assets: Assets;
  readonly hostKernel: Kernel;
  readonly hostRoot: HostRoot;
  readonly profile: MachineOptions["profile"];
}

/**
 * Prepares a guest and its host.
 * @throws {HarnessError} where something cannot be had
 */
export async function prepareGuest({
  kernel: givenKernel,
  qemu: givenQemu,
  backend = "iommufd",
  report,
  signal,
}: PassthroughBenchOptions): Promise<PreparedGuest> {
  const assets = await prepareAssets({
    ...(givenKernel === null ? {} : { kernel: givenKernel }),
    ...(givenQemu === null ? {} : { qemu: givenQemu }),
    report,
    signal,
  });
  const preparation = { root: await createCacheFolder(findCacheRoot()), update: false, report, signal };
  const hostRoot = await prepareHostRoot(preparation);
  const hostKernel = await prepareKernel(preparation, hostFlavour);
  const { kernel, qemu } = assets;
  const { version, digest, options, patches } = kernel;
  const profile: MachineOptions["profile"] = {
    bench: "passthrough",
    kernel: { version, digest, options, patches, commandLine: commandLineFor(version) },
    qemu: { version: hostRoot.qemu, digest: hostRoot.digest },
    host: {
      kernel: { version: hostKernel.version, digest: hostKernel.digest },
      qemu: { version: qemu.version, digest: qemu.digest },
      backend,
    },
    ...{ memoryMiB: guestMemoryMiB, cpus: 1 },
  };
  return { assets, hostKernel, hostRoot, profile };
}
