/** Machines of a reproducer, in the words of QEMU's command line, with their functions plugged in from the start. */
import { basename } from "node:path";
import type { Plan } from "../../src/plan/plan.ts";
import type { FunctionProfile } from "../../src/trace/profile.ts";
import { plugCommands } from "../qemu/device.ts";
import { pathBehind } from "../qemu/plug-function.ts";
import { quoteForShell } from "../qemu/quote-for-shell.ts";
import { needsDebugger } from "./find-hindrance.ts";

/** What a machine boots. */
export interface Booted {
  /** Paths of kernel image and initramfs. */
  readonly kernel: string;
  readonly initramfs: string;
  /** Of the kernel. */
  readonly commandLine: string;
  readonly memoryMiB: number;
  readonly cpus: number;
}

/** Functions are there from the start: no driver of the kernel's may take them. */
const noDrivers = "initcall_blacklist=virtio_pci_driver_init,nvme_init";

/** The machine itself. */
export function machineArguments({ kernel, initramfs, commandLine, memoryMiB, cpus }: Booted): readonly string[] {
  const parameters = [...new Set([...commandLine.split(" "), noDrivers])].join(" ");
  return [
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
    ...["-machine", "s390-ccw-virtio", "-cpu", "max", "-m", String(memoryMiB), "-smp", String(cpus)],
    ...["-kernel", kernel, "-initrd", initramfs, "-append", parameters],
  ];
}

/** What QEMU emulates of its functions; media lie beside the script. */
export const functionArguments = (functions: readonly FunctionProfile[]): readonly string[] =>
  functions
    .flatMap((each) => plugCommands(each, basename(pathBehind("", each))))
    .flatMap((each) => [each.execute === "blockdev-add" ? "-blockdev" : "-device", JSON.stringify(each.arguments)]);

/** A script that starts QEMU, as whoever gets it calls it: `head` says what it is, in lines of comment. */
export const describeScript = (head: readonly string[], command: readonly string[]): string =>
  [
    "#!/bin/sh",
    ...head.map((line) => `# ${line}`),
    'cd "$(dirname "$0")" || exit 1',
    `exec "\${QEMU:-qemu-system-s390x}" -serial "\${CONSOLE:-stdio}" ${quoteForShell(command)} "$@"`,
    "",
  ].join("\n");

/** The script of a machine that a scenario is performed on. */
export function describeMachine(plan: Plan, files: Pick<Booted, "kernel" | "initramfs">): string {
  const { kernel, memoryMiB, cpus, qemu } = plan.profile;
  const head = [
    `${plan.scenario}, on Linux ${kernel.version} and QEMU ${qemu.version}. QEMU=program takes another QEMU;`,
    "replace bzImage for another kernel. What is done is in the file operations, and in the initramfs as /replay;",
    "the only other file in there is the static program that does it, as the first process.",
    ...(needsDebugger(plan)
      ? ["The script run starts this one, with gdb: without it QEMU answers all by itself."]
      : []),
  ];
  const booted = { ...files, commandLine: kernel.commandLine, memoryMiB, cpus };
  return describeScript(head, [...machineArguments(booted), ...functionArguments(plan.functions)]);
}
