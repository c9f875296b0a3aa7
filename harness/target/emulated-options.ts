import type { Profile } from "../../src/trace/profile.ts";
import type { Scratch } from "../lifecycle/scratch.ts";
import type { QemuCommand } from "../qemu/qemu-command.ts";

/** What a target on the `emulated` bench needs: built once per run, used for any number of scenarios. */
export interface EmulatedTargetOptions {
  /** What the scenarios are planned for; its command line, memory and CPUs are what the machine gets. */
  readonly profile: Omit<Profile, "functions">;
  readonly qemu: QemuCommand;
  /** Path of the kernel image. */
  readonly kernel: string;
  /** Path of the initramfs that holds the agent. */
  readonly initramfs: string;
  /** The run's scratch folder; the caller disposes it after every target. */
  readonly scratch: Scratch;
}
