/** What a machine is made of, and the QEMU command line that makes it. */
import { join } from "node:path";
import type { Accelerator } from "./accelerator.ts";
import type { QemuCommand } from "./qemu-command.ts";

/** A machine before it starts. It has no zPCI function: those are plugged into the running machine. */
export interface MachineDefinition {
  readonly qemu: QemuCommand;
  /** What executes its instructions; QEMU itself where absent. */
  readonly accelerator?: Accelerator;
  /** Path of the kernel image. */
  readonly kernel: string;
  /** Path of the initramfs. */
  readonly initramfs: string;
  /** Kernel command line. */
  readonly commandLine: string;
  readonly memoryMiB: number;
  readonly cpus: number;
  /** QEMU's machine; its newest one where absent. */
  readonly type?: string;
  /** Names of its virtio-serial ports. */
  readonly ports: readonly string[];
  /** File that is its RAM: shared, so that what the guest writes is in the file, or copied on write. */
  readonly memory?: { readonly path: string; readonly share: boolean };
  /** Begins as an empty machine that waits for a saved state. */
  readonly incoming?: boolean;
  /**
   * Has a network adapter, on a network with nobody else: what reaches it is a port of this machine's own address, free when
   * QEMU started, that leads to its SSH server.
   */
  readonly reachable?: boolean;
  /**
   * Its clock goes by what it has executed, not by this machine's. A machine with a guest of its own wants that: the guest's ticks come
   * by the clock, and where the processor is shared with others delivering them would take all there is.
   */
  readonly countsInstructions?: boolean;
}

/** How a machine's monitor, console and ports reach the host. */
export interface Wiring {
  /** Folder of its sockets. */
  readonly folder: string;
  /**
   * `connect`: QEMU connects to sockets that the harness listens on, so nobody polls for a socket to appear.
   * `by-hand`: QEMU listens, and the console is the terminal: for a person who repeats a run without the harness.
   */
  readonly sockets: "connect" | "by-hand";
}

/** Name of the monitor's socket. */
export const monitorSocket = "qmp.sock";
/** Name of the console's socket. */
export const consoleSocket = "console.sock";
/** Name of a port's socket. */
export const portSocket = (port: string): string => `${port}.sock`;

/** The whole command line, program first. */
export function buildCommandLine(machine: MachineDefinition, wiring: Wiring): readonly [string, ...string[]] {
  const socket = (id: string, name: string): string[] => {
    const listen = wiring.sockets === "by-hand" ? ",server=on,wait=off" : "";
    return ["-chardev", `socket,id=${id},path=${escapeOption(join(wiring.folder, name))}${listen}`];
  };
  const ports = machine.ports.flatMap((port, index) => [
    ...socket(`port${index}`, portSocket(port)),
    ...["-device", `virtserialport,chardev=port${index},name=${escapeOption(port)}`],
  ]);
  const { memory, type = "s390-ccw-virtio" } = machine;
  const memoryFile =
    memory === undefined
      ? []
      : [
          "-object",
          `memory-backend-file,id=ram,size=${machine.memoryMiB}M,mem-path=${escapeOption(memory.path)},share=${memory.share ? "on" : "off"}`,
        ];
  return [
    ...machine.qemu.argv,
    ...["-nodefaults", "-no-user-config", "-display", "none"],
    // However the guest ends, QEMU stays to say so on its monitor; one that exited could not be asked any more.
    ...["-action", "panic=pause,shutdown=pause,reboot=shutdown"],
    ...["-machine", memory === undefined ? type : `${type},memory-backend=ram`, "-cpu", "max"],
    ...(machine.accelerator === undefined ? [] : ["-accel", machine.accelerator]),
    // A nanosecond for an instruction: the slower the clock, the more is done between two ticks.
    ...(machine.countsInstructions === true ? ["-icount", "shift=0"] : []),
    ...memoryFile,
    ...(machine.incoming === true ? ["-incoming", "defer"] : []),
    ...["-m", String(machine.memoryMiB), "-smp", String(machine.cpus)],
    ...(wiring.sockets === "by-hand" ? ["-chardev", "stdio,id=console"] : socket("console", consoleSocket)),
    ...["-serial", "chardev:console"],
    ...socket("monitor", monitorSocket),
    ...["-qmp", "chardev:monitor"],
    ...["-device", "virtio-serial-ccw"],
    ...ports,
    ...(machine.reachable === true ? networkArguments : []),
    // A saved state brings its kernel; reading another costs a third of a clone's start.
    ...(machine.incoming === true
      ? []
      : ["-kernel", machine.kernel, "-initrd", machine.initramfs, "-append", machine.commandLine]),
  ];
}

const networkArguments = [
  ...["-netdev", "user,id=network,restrict=on,hostfwd=tcp:127.0.0.1:0-:22"],
  ...["-device", "virtio-net-ccw,netdev=network"],
] as const;

/** In QEMU's options a comma ends a value unless it is doubled. */
function escapeOption(value: string): string {
  return value.replaceAll(",", ",,");
}
