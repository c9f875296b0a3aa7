/**
 * Exports a scenario as a folder that needs nothing of this project: a kernel, an initramfs with one static program and what
 * it is to do, media, and a script that starts QEMU. What a mailing list is sent.
 */
import { appendFile, chmod, copyFile, mkdir, readdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { QuirkName } from "../../src/model/quirks.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { writeCpio } from "../assets/cpio.ts";
import { projectRoot } from "../assets/project-root.ts";
import { InfrastructureError, UsageError } from "../errors/harness-error.ts";
import { hasMedium, plugCommands } from "../qemu/device.ts";
import { createMedium } from "../qemu/medium.ts";
import { pathBehind } from "../qemu/plug-function.ts";
import { quoteForShell } from "../qemu/quote-for-shell.ts";
import { describeOperations } from "./describe-operations.ts";
import { findHindrance, needsDebugger } from "./find-hindrance.ts";

/** What is exported. */
export interface Exported {
  readonly plan: Plan;
  readonly summary: string;
  /** Path of the kernel image. */
  readonly kernel: string;
  /** Path of the initramfs that holds the agent. */
  readonly initramfs: string;
  /** Ledger entries that hold for the plan's profile. */
  readonly quirks: ReadonlySet<QuirkName>;
}

/** Functions are there from the start: no driver of the kernel's may take them. */
const noDrivers = "initcall_blacklist=virtio_pci_driver_init,nvme_init";
const files = { kernel: "bzImage", initramfs: "initramfs.gz", operations: "operations" } as const;
/** Where what a debugger does is written, and its files. */
const debuggerFolder = join(projectRoot, "guests/replay");
const debuggerFiles = ["run", "answers.py", "guest.py"] as const;

/**
 * Writes the folder, which must be empty or not there.
 * @throws {UsageError} where the scenario takes what only this project does; {InfrastructureError} where it cannot be written
 */
export async function exportScenario(exported: Exported, folder: string): Promise<void> {
  const { plan, summary, quirks, kernel, initramfs } = exported;
  const reason = findHindrance(plan);
  if (reason !== null) throw new UsageError({ what: `Cannot export scenario "${plan.scenario}": ${reason}` });
  await createEmpty(folder);
  try {
    const operations = describeOperations(plan, summary, quirks);
    await copyFile(kernel, join(folder, files.kernel));
    await copyFile(initramfs, join(folder, files.initramfs));
    await chmod(join(folder, files.initramfs), 0o644);
    // The kernel unpacks archives one after the other.
    const member = { path: "replay", kind: "file", mode: 0o444, content: Buffer.from(operations) } as const;
    await appendFile(join(folder, files.initramfs), gzipSync(writeCpio([member])));
    await writeFile(join(folder, files.operations), operations);
    for (const each of plan.functions.filter(hasMedium)) await createMedium(pathBehind(folder, each), each.name);
    const needsGdb = needsDebugger(plan);
    await writeFile(join(folder, needsGdb ? "machine" : "run"), describeMachine(plan), { mode: 0o755 });
    if (!needsGdb) return;
    for (const each of debuggerFiles) await copyFile(join(debuggerFolder, each), join(folder, each));
  } catch (cause) {
    throw new InfrastructureError({ what: `Cannot write "${folder}"`, cause });
  }
}

async function createEmpty(folder: string): Promise<void> {
  const there = await mkdir(folder, { recursive: true }).then(
    () => readdir(folder),
    (cause: unknown) => {
      throw new InfrastructureError({ what: `Cannot create "${folder}"`, cause });
    },
  );
  if (there.length === 0) return;
  throw new UsageError({ what: `Cannot export to "${folder}": it is not empty`, remedy: "Name a new folder" });
}

/** The script: QEMU with the functions plugged in from the start, in the words of its command line. */
function describeMachine(plan: Plan): string {
  const { kernel, memoryMiB, cpus, qemu } = plan.profile;
  const commandLine = [...new Set([...kernel.commandLine.split(" "), ...noDrivers.split(" ")])].join(" ");
  const plugs = plan.functions.flatMap((each) => plugCommands(each, basename(pathBehind("", each))));
  const command = [
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
    ...["-machine", "s390-ccw-virtio", "-cpu", "max", "-m", String(memoryMiB), "-smp", String(cpus)],
    ...["-kernel", files.kernel, "-initrd", files.initramfs, "-append", commandLine],
    ...plugs.flatMap((each) => [
      each.execute === "blockdev-add" ? "-blockdev" : "-device",
      JSON.stringify(each.arguments),
    ]),
  ];
  return [
    "#!/bin/sh",
    `# ${plan.scenario}, on Linux ${kernel.version} and QEMU ${qemu.version}. QEMU=program takes another QEMU;`,
    "# replace bzImage for another kernel. What is done is in the file operations, and in the initramfs as /replay;",
    "# the only other file in there is the static program that does it, as the first process.",
    ...(needsDebugger(plan)
      ? ["# The script run starts this one, with gdb: without it QEMU answers all by itself."]
      : []),
    'cd "$(dirname "$0")" || exit 1',
    `exec "\${QEMU:-qemu-system-s390x}" -serial "\${CONSOLE:-stdio}" ${quoteForShell(command)} "$@"`,
    "",
  ].join("\n");
}
