import type { Kernel } from "../assets/assets.ts";
import { readDebianKernel } from "../kernel/debian-kernel.ts";
import { parseDebianName } from "../kernel/debian-name.ts";
import { examineGivenKernel } from "../kernel/given-kernel.ts";
import { parseFlavourName } from "../kernel/flavour.ts";
import { findLeanVersion, parseLeanVersion } from "../kernel/lean-version.ts";
import { findKernel } from "../kernel/prepare-kernel.ts";
import { failed, fine, missing, warning, type Finding } from "./finding.ts";

/** What a kernel must contain, and what for. */
const options: readonly { readonly name: string; readonly for: string; readonly required: boolean }[] = [
  { name: "S390_IOMMU", for: "DMA translation of zPCI functions", required: true },
  { name: "HOTPLUG_PCI_S390", for: "functions that come while it runs", required: true },
  { name: "VFIO_PCI", for: "functions in user space's hands", required: true },
  { name: "IOMMUFD", for: "I/O address spaces: attach, replace, detach", required: true },
  { name: "VFIO_DEVICE_CDEV", for: "functions bound to iommufd", required: true },
  { name: "VFIO_GROUP", for: "type1 containers", required: true },
  { name: "VFIO_CONTAINER", for: "type1 containers of VFIO's own, not iommufd's imitation", required: true },
  { name: "VFIO_IOMMU_TYPE1", for: "type1 containers", required: true },
  { name: "BLK_DEV_NVME", for: "the function's own driver before and after", required: true },
  { name: "VIRTIO_CONSOLE", for: "the agent's channel", required: true },
  { name: "DEVTMPFS", for: "device nodes in an initramfs that has none", required: true },
  { name: "DEBUG_FS", for: "the function's counters and messages", required: true },
  { name: "KALLSYMS", for: "names in oopses and stacks", required: true },
  { name: "STACKTRACE", for: "where a hanging call stands", required: false },
  { name: "FAULT_INJECTION_DEBUG_FS", for: "failures on demand", required: false },
  { name: "FAILSLAB", for: "allocations that fail on demand", required: false },
  { name: "IOMMUFD_TEST", for: "iommufd's mock device", required: false },
  { name: "IOMMU_IOPF", for: "page requests of iommufd's mock device", required: false },
];

/** The kernel that a run would boot: release, and what it has of what scenarios look at. */
export async function examineKernel(
  root: string,
  given: string | undefined,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  let kernel: Kernel | null;
  try {
    kernel = await findChosen(root, given, signal);
  } catch (error) {
    return [failed("kernel", error, "Run ci/setup, or set ZHIL_KERNEL= to a bzImage")];
  }
  if (kernel === null && given !== undefined) {
    return [missing("kernel", `"${given}" is not at hand yet`, "Start a run, which fetches or builds it")];
  }
  if (kernel === null) {
    return [missing("kernel", "not built yet", "Run ci/setup, which builds it, or set ZHIL_KERNEL= to a bzImage")];
  }
  return [
    fine("kernel", `Linux ${kernel.version}${spellPatches(kernel)} (${kernel.origin}), ${kernel.image}`),
    ...judgeOptions(kernel.options),
  ];
}

/** A kernel that is not as its authors wrote it says so. */
export function spellPatches({ patches }: Pick<Kernel, "patches">): string {
  return patches.length === 0 ? "" : ` with ${patches.join(", ")}`;
}

function findChosen(root: string, given: string | undefined, signal: AbortSignal): Promise<Kernel | null> {
  if (given === undefined) return findKernel(root, signal);
  const flavour = parseFlavourName(given);
  if (flavour !== null) return findKernel(root, signal, flavour);
  const lean = parseLeanVersion(given);
  if (lean !== null) return findLeanVersion(root, signal, lean);
  const version = parseDebianName(given);
  return version === null ? examineGivenKernel(given) : readDebianKernel(root, version);
}

/** What a kernel with these options can be used for; none means that it does not tell, and that somebody can put them there. */
export function judgeOptions(
  enabled: readonly string[],
  there = "beside the image as config-RELEASE or .config",
): readonly Finding[] {
  if (enabled.length === 0) {
    const remedy = `Put its configuration ${there}`;
    return [warning("kernel options", "unknown: the kernel given does not tell", remedy)];
  }
  return options.map((option) => {
    const what = `kernel option ${option.name}`;
    if (enabled.includes(option.name)) return fine(what, `for ${option.for}`);
    const remedy = `Set CONFIG_${option.name}=y and build the kernel anew; guests/kernel/lean.config has all of them`;
    return (option.required ? missing : warning)(what, `not set; it is for ${option.for}`, remedy);
  });
}
