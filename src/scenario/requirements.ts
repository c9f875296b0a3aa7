/** What a scenario needs of a kernel: options its operations imply, and those it names itself. */
import { needsHost } from "../operation/host-fields.ts";
import type { OperationName } from "../operation/operation.ts";
import type { Profile } from "../trace/profile.ts";
import { isAtLeast } from "../zpci/version.ts";
import type { Scenario } from "./scenario.ts";

const iommufd = ["IOMMUFD"] as const;
const cdev = ["IOMMUFD", "VFIO_DEVICE_CDEV"] as const;
const type1 = ["VFIO_GROUP", "VFIO_CONTAINER", "VFIO_IOMMU_TYPE1"] as const;

/** Options that were no options of their own before a version: who had VFIO had them. */
const partOfVfioBefore: Readonly<Record<string, string>> = { VFIO_CONTAINER: "6.2", VFIO_GROUP: "6.6" };

/**
 * Options of a kernel, and what older ones have without an option for it.
 * Ground: drivers/vfio/Kconfig of 6.1, which has neither; drivers/vfio/Makefile, where both are built with VFIO.
 */
export function optionsOf({ version, options }: Pick<Profile["kernel"], "version" | "options">): readonly string[] {
  if (!options.includes("VFIO")) return options;
  const more = Object.entries(partOfVfioBefore).filter(([, since]) => !isAtLeast(version, since));
  return [...options, ...more.map(([option]) => option)];
}

const impliedBy: Readonly<Partial<Record<OperationName, readonly string[]>>> = {
  bind: ["VFIO_PCI"],
  drive: ["BLK_DEV_NVME"],
  open: cdev,
  "bind-iommufd": cdev,
  attach: cdev,
  replace: cdev,
  detach: cdev,
  "ioas-alloc": iommufd,
  "container-open": type1,
  "group-open": ["VFIO_GROUP"],
  "mock-create": ["IOMMUFD", "IOMMUFD_TEST"],
  "access-create": ["IOMMUFD", "IOMMUFD_TEST"],
  "iova-reserve": ["IOMMUFD", "IOMMUFD_TEST"],
  "page-pins": ["IOMMUFD", "IOMMUFD_TEST"],
  "hw-info": cdev,
  "pasid-attach": cdev,
  "odd-call": cdev,
  "option-get": iommufd,
  "option-set": iommufd,
  "fault-queue-alloc": ["IOMMUFD"],
  "fault-raise": ["IOMMUFD_TEST", "IOMMU_IOPF"],
};

/** What has allocations fail (Documentation/fault-injection/fault-injection.rst). */
export const optionsToFail = ["FAULT_INJECTION", "FAULT_INJECTION_DEBUG_FS", "FAILSLAB", "FAIL_PAGE_ALLOC"] as const;

/** Whether a scenario is about a guest and the host that passes functions through to it, and can be asked of nobody else. */
export const isForGuests = ({ steps, dmaEntryLimit }: Pick<Scenario, "steps" | "dmaEntryLimit">): boolean =>
  dmaEntryLimit !== undefined || steps.some(({ op }) => needsHost(op));

/** The mock's interface is nobody's stable one: the agent knows it as this line of kernels has it (guests/agent/mock.h). */
const mockLine = "7.2";

/** The line of kernels that a scenario is for, such as `7.2`; null where it is for any. */
export const kernelLineOf = ({ steps }: Pick<Scenario, "steps">): string | null =>
  steps.some(({ op }) => impliedBy[op]?.includes("IOMMUFD_TEST") === true) ? mockLine : null;

/** Kernel options (without `CONFIG_`) that a scenario cannot run without, sorted. */
export function kernelOptionsOf(scenario: Pick<Scenario, "steps" | "requires">): string[] {
  const options = new Set<string>(["S390_IOMMU", ...scenario.requires]);
  // Where points and instructions are in a kernel is told by its symbols.
  if (scenario.steps.some(({ op, during, answers }) => op === "event" || during.length + answers.length > 0))
    options.add("KALLSYMS");
  if (scenario.steps.some(({ failNth }) => failNth !== undefined))
    for (const option of optionsToFail) options.add(option);
  for (const step of scenario.steps) for (const option of impliedBy[step.op] ?? []) options.add(option);
  return [...options].sort();
}
