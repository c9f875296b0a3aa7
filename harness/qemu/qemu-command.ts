/** How QEMU is started: the binary itself, or its own loader and libraries where it was unpacked into a folder. */
export interface QemuCommand {
  /** Program and its leading arguments, such as `["/usr/bin/qemu-system-s390x"]`. */
  readonly argv: readonly [string, ...string[]];
  /** Variables set for it on top of the environment, such as QEMU_MODULE_DIR. */
  readonly environment: Readonly<Record<string, string>>;
}
