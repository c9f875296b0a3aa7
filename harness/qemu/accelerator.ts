/** What executes the guest's instructions: QEMU itself, or, on an s390x host, the processor by way of KVM. */
import { createHash } from "node:crypto";
import { access, constants, readFile } from "node:fs/promises";
import { release } from "node:os";

/** An accelerator of QEMU's that is asked for by name; where none is, QEMU emulates. */
export type Accelerator = "kvm";

/** Whether this process may use KVM. */
export const canUseKvm = (): Promise<boolean> =>
  access("/dev/kvm", constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );

/** KVM runs guests of the host's own architecture only, so that s390x takes an s390x host. */
export const chooseAccelerator = (architecture: string, kvm: boolean): Accelerator | null =>
  architecture === "s390x" && kvm ? "kvm" : null;

/** The accelerator that this machine has for s390x guests, null where they are emulated. */
export const findAccelerator = async (): Promise<Accelerator | null> =>
  chooseAccelerator(process.arch, await canUseKvm());

/**
 * Stands for the processor and the kernel that KVM rests on: under it `-cpu max` is the host's own processor, and a state
 * that was frozen on one may not run on another. What changes by itself, such as clock rates, is left out.
 */
export function identifyHost(cpuinfo: string, kernel: string): string {
  const stable = cpuinfo.split("\n").filter((line) => /^(features|facilities|processor 0)\s*:/.test(line));
  return createHash("sha256")
    .update([kernel, ...stable].join("\n"))
    .digest("hex");
}

/** The host that guests of an accelerator rest on; null where QEMU emulates, which is the same on every host. */
export async function findHost(accelerator: Accelerator | undefined): Promise<string | null> {
  if (accelerator === undefined) return null;
  return identifyHost(await readFile("/proc/cpuinfo", "utf8"), release());
}
