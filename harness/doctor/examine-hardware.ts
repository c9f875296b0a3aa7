import { availableParallelism, freemem, totalmem } from "node:os";
import { canUseKvm } from "../qemu/accelerator.ts";
import { spellBytes } from "./examine-cache.ts";
import { fine, warning, type Finding } from "./finding.ts";

/** What a machine of 512 MiB, its QEMU and the project take, with room for a second. */
const neededMemory = 2e9;

/** Memory, cores, and whether KVM could help. */
export async function examineHardware(): Promise<readonly Finding[]> {
  return [examineMemory(totalmem(), freemem()), examineCores(availableParallelism()), await examineKvm(process.arch)];
}

/** Memory: all of it counts, for what is not free is mostly cache. */
export function examineMemory(total: number, free: number): Finding {
  const detail = `${spellBytes(total)}, ${spellBytes(free)} of it free`;
  if (total >= neededMemory) return fine("memory", detail);
  return warning("memory", detail, `Run one scenario at a time (-j 1); ${spellBytes(neededMemory)} are comfortable`);
}

/** Cores: a machine under emulation keeps one busy. */
export function examineCores(cores: number): Finding {
  if (cores >= 2) return fine("cores", `${cores}`);
  return warning("cores", `${cores}`, "Give limits more time: ZHIL_TIME_SCALE=2");
}

/** KVM runs s390x only on s390x; elsewhere everything is emulated, and that is enough. */
export async function examineKvm(architecture: string): Promise<Finding> {
  if (architecture !== "s390x") return fine("KVM", `not used: this machine is ${architecture}, s390x is emulated`);
  if (await canUseKvm()) return fine("KVM", "/dev/kvm can be used");
  return warning("KVM", "/dev/kvm cannot be used: s390x is emulated, which is slow", "Load kvm and join its group");
}
