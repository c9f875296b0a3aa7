/** The host of a guest, as a reproducer has it: one machine, in which QEMU starts another and passes its functions on. */
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plan } from "../../src/plan/plan.ts";
import { writeCpio, type CpioMember } from "../assets/cpio.ts";
import { projectRoot } from "../assets/project-root.ts";
import { hostQemu } from "../passthrough/guest-machine.ts";
import { onHost } from "../passthrough/pass-function.ts";
import { deviceId } from "../qemu/device.ts";
import { quoteForShell } from "../qemu/quote-for-shell.ts";
import { describeToAgent } from "../target/describe-to-agent.ts";
import { describeScript, functionArguments, machineArguments } from "./describe-machine.ts";

/** What a host is made of. */
export interface ExportedHost {
  /** Path of its kernel. */
  readonly kernel: string;
  /** Path of the archive of its root, which has QEMU for s390x. */
  readonly root: string;
  readonly memoryMiB: number;
  readonly commandLine: string;
}

const files = { kernel: "host-bzImage", initramfs: "host-initramfs", guest: "guest", run: "run" } as const;
/** Where the guest's things are on its host. */
const guestFolder = "guest";
const firstProcess = join(projectRoot, "guests/replay/host-init");

/** Writes the host with a guest's kernel and initramfs on it, and the script that starts it. */
export async function writeHost(
  folder: string,
  plan: Plan,
  host: ExportedHost,
  guest: { readonly kernel: string; readonly initramfs: Buffer },
): Promise<void> {
  const start = describeGuest(plan);
  const addresses = plan.functions.map((each) => `${describeToAgent(onHost(each))["address"] ?? ""}\n`).join("");
  const file = (path: string, mode: number, content: string | Buffer): CpioMember => ({
    ...{ kind: "file", path, mode, content: Buffer.from(content) },
  });
  const members: readonly CpioMember[] = [
    file("init", 0o755, await readFile(firstProcess)),
    { path: guestFolder, kind: "folder", mode: 0o755 },
    file(`${guestFolder}/start`, 0o755, start),
    file(`${guestFolder}/functions`, 0o444, addresses),
    file(`${guestFolder}/bzImage`, 0o444, await readFile(guest.kernel)),
    file(`${guestFolder}/initramfs.gz`, 0o444, guest.initramfs),
  ];
  // The kernel unpacks archives one after the other: this first process takes the place of the root's own.
  const packed = Buffer.concat([await readFile(host.root), gzipSync(writeCpio(members))]);
  await copyFile(host.kernel, join(folder, files.kernel));
  await writeFile(join(folder, files.initramfs), packed);
  await writeFile(join(folder, files.guest), start, { mode: 0o755 });
  await writeFile(join(folder, files.run), describeHost(plan, host), { mode: 0o755 });
}

/** How the host starts its guest. */
function describeGuest({ profile, functions }: Plan): string {
  const isByIommufd = profile.host?.backend === "iommufd";
  const passed = functions.flatMap((each) => {
    const { uid, fid, name } = each;
    const id = deviceId(each);
    const there = { host: describeToAgent(onHost(each))["address"], ...(isByIommufd ? { iommufd: "iommufd0" } : {}) };
    return [
      { driver: "zpci", id: `zpci-${name}`, uid, fid, target: id },
      { driver: "vfio-pci", id, ...there },
    ].flatMap((device) => ["-device", JSON.stringify(device)]);
  });
  const { memoryMiB, cpus, kernel } = profile;
  const place = { kernel: `/${guestFolder}/bzImage`, initramfs: `/${guestFolder}/initramfs.gz` };
  const command = [
    ...machineArguments({ ...place, commandLine: kernel.commandLine, memoryMiB, cpus }),
    ...["-accel", "tcg", "-serial", "file:/dev/console"],
    ...["-chardev", "pipe,id=monitor,path=/run/monitor", "-qmp", "chardev:monitor"],
    ...(isByIommufd ? ["-object", "iommufd,id=iommufd0"] : []),
    ...passed,
  ];
  return `#!/bin/sh\n# On the host: the guest, with the host's functions.\nexec ${quoteForShell([hostQemu, ...command])}\n`;
}

/** The script that starts the host. */
function describeHost({ scenario, profile, functions }: Plan, { memoryMiB, commandLine }: ExportedHost): string {
  const { kernel, qemu, host } = profile;
  const limit = host?.dmaEntryLimit;
  const parameters = limit === undefined ? [] : [`vfio_iommu_type1.dma_entry_limit=${String(limit)}`];
  const booted = {
    ...{ kernel: files.kernel, initramfs: files.initramfs, memoryMiB, cpus: 1 },
    commandLine: [commandLine, ...parameters].join(" "),
  };
  return describeScript(
    [
      `${scenario}, in a guest with Linux ${kernel.version} in QEMU ${qemu.version}, on a host with Linux ${host?.kernel.version ?? "unknown"}. The host is`,
      "emulated as well, so that it takes minutes; QEMU=program takes another QEMU for it. What the guest does is in the file",
      "operations, how the host starts it in the file guest, and in the host's initramfs as /guest/start.",
    ],
    // A nanosecond for an instruction: else the guest's ticks come faster than it can take them.
    [...machineArguments(booted), "-icount", "shift=0", ...functionArguments(functions.map(onHost))],
  );
}
