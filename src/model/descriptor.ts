/** What a descriptor of a device is good for, by how it was opened. */
import { fail, type Outcome } from "./rule.ts";
import { ScenarioMistake } from "./scenario-mistake.ts";
import type { ModelFunction } from "./state.ts";

/** Without a descriptor there is nothing to call. */
export function requireOpen({ open, profile: { name } }: Pick<ModelFunction, "open" | "profile">): void {
  if (open === "no") throw new ScenarioMistake(`Function "${name}" is not open`);
}

/**
 * Why an open function can be attached to nothing, and detached from nothing; null where it can. Ground: drivers/vfio/vfio_main.c,
 * vfio_device_fops_unl_ioctl: before its bind -EINVAL; opened through its group it has no such ioctls, and vfio_pci_core_ioctl says so.
 */
export function refuseUnbound(fn: ModelFunction): Outcome | null {
  requireOpen(fn);
  if (fn.open === "group") return fail("ENOTTY");
  return fn.iommufd === null ? fail("EINVAL") : null;
}
