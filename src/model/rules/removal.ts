/** A function is taken from the PCI core, whoever holds it. */
import type { Host } from "../host.ts";
import { ScenarioMistake } from "../scenario-mistake.ts";
import { fail, succeed, type Rules } from "../rule.ts";
import { forget, isThere } from "./function.ts";
import { leaveContainer } from "./type1.ts";

/**
 * The PCI core has let go of the function: its domain is the blocking one, its group left and gone, and on the platform it stays as it is.
 * Ground: drivers/vfio/group.c, vfio_device_remove_group: leaves the container; drivers/iommu/iommu.c, iommu_deinit_device, with
 * s390-iommu.c's release_domain, the blocking one; arch/s390/pci/pci_bus.c, zpci_bus_remove_device: "a configured but offline
 * state", in which its slot finds it again.
 */
export function endRemoval(host: Host, name: string): void {
  const fn = host.fn(name);
  leaveContainer(host, name);
  forget(host, name);
  fn.removing = false;
  fn.removed = true;
}

/** Rules of this file. */
export const removalRules: Rules<"remove"> = {
  remove: {
    ground:
      "drivers/pci/pci-sysfs.c, remove_store: the PCI core's lock, and the function's driver first; drivers/vfio/vfio_main.c, " +
      "vfio_unregister_group_dev: waits for VFIO's user, with the device locked; what the function has is its own until then; s390-iommu.c, " +
      "release_domain: nothing is left of what was attached",
    predict: (host, { function: name }) => {
      const fn = host.fn(name);
      if (!isThere(fn) || fn.removing) return fail("ENOENT");
      if (fn.unplugged !== "no" || fn.leaves !== null)
        throw new ScenarioMistake(`"${name}" is on its way already: the kernel was told`);
      // drivers/base/dd.c, __device_release_driver: sysfs forgets the driver first.
      fn.driver = null;
      if (fn.open === "no") endRemoval(host, name);
      else fn.removing = true;
      return succeed();
    },
  },
};
