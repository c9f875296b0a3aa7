/** The guest on a host: what its QEMU is told, and where its sockets are. Everything lies in one folder of the host. */
import { InfrastructureError } from "../errors/harness-error.ts";
import { agentPorts } from "../target/emulated-options.ts";
import type { RemoteCommand } from "../ssh/spell-command.ts";

/** Folder on the host that all of a run is in. */
export const hostFolder = "/run/zhil";

/** Paths on the host. */
export const hostPaths = {
  agent: `${hostFolder}/agent`,
  kernel: `${hostFolder}/kernel`,
  initramfs: `${hostFolder}/initramfs`,
  configuration: `${hostFolder}/guest.conf`,
  pid: `${hostFolder}/guest.pid`,
  monitor: `${hostFolder}/qmp.sock`,
  console: `${hostFolder}/console.sock`,
  worker: `${hostFolder}/agent.sock`,
  supervisor: `${hostFolder}/watch.sock`,
} as const;

/** The program on the host that a guest runs in. */
export const hostQemu = "/usr/bin/qemu-system-s390x";

/** What a guest is. */
export interface GuestMachine {
  readonly memoryMiB: number;
  readonly commandLine: string;
}

/**
 * What of a guest is told in a file: a kernel's command line has blanks, which no command on a host may have.
 * @throws {InfrastructureError} where the command line cannot be written there
 */
export function writeConfiguration({ commandLine }: GuestMachine): string {
  // QEMU's reader knows no way to write a quote in a value (util/qemu-config.c, qemu_config_foreach).
  if (/["\n]|^.{900}/u.test(commandLine)) {
    throw new InfrastructureError({
      what: `Cannot give a guest the kernel command line ${JSON.stringify(commandLine)}: it has a quote, or is too long`,
    });
  }
  return [
    "[machine]",
    '  type = "s390-ccw-virtio"',
    `  kernel = "${hostPaths.kernel}"`,
    `  initrd = "${hostPaths.initramfs}"`,
    `  append = "${commandLine}"`,
    "",
  ].join("\n");
}

/** Starts the guest, to live as long as the host does. The command ends when its monitor can be reached. */
export function startCommand({ memoryMiB }: GuestMachine): RemoteCommand {
  const socket = (id: string, path: string): string[] => [
    "-chardev",
    `socket,id=${id},path=${path},server=on,wait=off`,
  ];
  return [
    hostQemu,
    ...["-daemonize", "-pidfile", hostPaths.pid],
    ...["-nodefaults", "-no-user-config", "-display", "none"],
    ...["-action", "panic=pause,shutdown=pause,reboot=shutdown"],
    ...["-readconfig", hostPaths.configuration, "-accel", "tcg", "-cpu", "max", "-m", String(memoryMiB), "-smp", "1"],
    ...[...socket("console", hostPaths.console), "-serial", "chardev:console"],
    ...[...socket("monitor", hostPaths.monitor), "-qmp", "chardev:monitor"],
    ...["-device", "virtio-serial-ccw"],
    ...[...socket("port0", hostPaths.worker), "-device", `virtserialport,chardev=port0,name=${agentPorts.agent}`],
    ...[...socket("port1", hostPaths.supervisor), "-device", `virtserialport,chardev=port1,name=${agentPorts.watch}`],
  ];
}
