/** The VFIO device: information, function reset, hot reset. */
import type { Pattern } from "../../compare/pattern.ts";
import type { Host } from "../host.ts";
import { ScenarioMistake } from "../scenario-mistake.ts";
import { canBeAskedToReset, endReset, resetFunction, resetSlot } from "../reset.ts";
import { fail, succeed, type Rules } from "../rule.ts";
import type { ModelFunction } from "../state.ts";

const openFunction = (host: Host, name: string): ModelFunction => {
  const fn = host.fn(name);
  if (fn.open === "no") throw new ScenarioMistake(`Function "${name}" is not open`);
  return fn;
};

/**
 * VFIO_DEVICE_FLAGS_RESET and _PCI, and _CAPS where the kernel can pass functions to guests.
 * Ground: drivers/vfio/pci/vfio_pci_zdev.c, vfio_pci_info_zdev_add_caps, built with VFIO_PCI_ZDEV_KVM.
 */
const infoFlags = (options: readonly string[], { resetWorks }: ModelFunction): Pattern => {
  const reset = resetWorks ? 0x01 : 0;
  if (options.length === 0) return { $oneOf: [reset | 0x02, reset | 0x82] };
  return reset | (options.includes("VFIO_PCI_ZDEV_KVM") ? 0x82 : 0x02);
};

/** Rules of this file. */
export const deviceRules: Rules<"device-info" | "reset" | "hot-reset-info" | "hot-reset"> = {
  "device-info": {
    ground:
      "drivers/vfio/pci/vfio_pci_core.c, vfio_pci_ioctl_get_info: RESET where a reset worked at open, PCI; nine regions, five " +
      "interrupt indexes; drivers/vfio/vfio_main.c, vfio_device_fops_unl_ioctl: -EINVAL before the device is bound",
    predict: (host, { function: name }) =>
      openFunction(host, name).inUse
        ? succeed({ flags: infoFlags(host.profile.kernel.options, host.fn(name)), regions: 9, irqs: 5 })
        : fail("EINVAL"),
  },
  reset: {
    ground:
      "drivers/vfio/pci/vfio_pci_core.c, vfio_pci_ioctl_reset: -EINVAL where none worked at open; mappings and attachment are " +
      "not touched",
    predict: (host, { function: name }) => {
      const { inUse, resetWorks } = openFunction(host, name);
      if (!inUse || !resetWorks) return fail("EINVAL");
      return endReset(host, resetFunction(host, name), "ioctl");
    },
  },
  "hot-reset-info": {
    ground:
      "drivers/vfio/pci/vfio_pci_core.c, vfio_pci_ioctl_get_pci_hot_reset_info: every zPCI function is alone on its root bus; " +
      "device ids and ownership through the cdev, groups else; -ENODEV where neither slot nor bus say that they can be reset",
    predict: (host, { function: name }) => {
      const fn = openFunction(host, name);
      if (!fn.inUse) return fail("EINVAL");
      if (!canBeAskedToReset(host, fn)) return fail("ENODEV");
      return succeed({ flags: fn.open === "cdev" ? 3 : 0, devices: [name] });
    },
  },
  "hot-reset": {
    ground:
      "drivers/vfio/pci/vfio_pci_core.c, vfio_pci_ioctl_pci_hot_reset: no groups through the cdev, the set's groups else, " +
      "-EINVAL for more or others; before the groups are looked at, -ENODEV where neither slot nor bus say that they can be " +
      "reset; drivers/pci/hotplug/s390_pci_hpc.c, reset_slot; s390-iommu.c, zpci_iommu_register_ioat: " +
      "the table registered before is registered again, so mappings go on. Linux 6.1 arch/s390/pci/pci.c, zpci_hot_reset_device: the same " +
      "where there is one, else the DMA API's is made",
    predict: (host, { function: name, groups }) => {
      const fn = openFunction(host, name);
      const closed = groups.find((each) => !host.fn(each).group.open);
      if (closed !== undefined)
        throw new ScenarioMistake(`The group of "${closed}" is not open: there is nothing to pass`);
      if (!fn.inUse) return fail("EINVAL");
      const isCdev = fn.open === "cdev";
      if (isCdev !== (groups.length === 0)) return fail("EINVAL");
      if (!canBeAskedToReset(host, fn)) return fail("ENODEV");
      if (!isCdev && (groups.length > 1 || groups[0] !== name)) return fail("EINVAL");
      return endReset(host, resetSlot(host, name, "hot-reset"), "ioctl");
    },
  },
};
