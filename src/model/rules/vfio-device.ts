/** What VFIO does with a PCI device when it opens and closes it, however it is attached. */
import { anything } from "../../compare/pattern.ts";
import type { Host } from "../host.ts";
import { isLocked } from "../leaving.ts";
import { traitsOf } from "../../trace/device-kinds.ts";
import { resetFunction, zpciReset } from "../reset.ts";
import { fail, succeed, type Outcome } from "../rule.ts";
import { freshCounters, type ModelFunction } from "../state.ts";

/**
 * Whether a function has a power state that can be read.
 * Ground: PCI Express Base Specification, "PCI Power Management Capability Structure": "required for all PCI Express device Functions"; QEMU
 * hw/nvme/ctrl.c, nvme_add_pm_capability, and igb.c and e1000e.c likewise.
 */
const isPowerManaged = ({ profile }: ModelFunction): boolean => traitsOf(profile).isExpress;

/**
 * VFIO opens the PCI device: statistics begin, and a function reset is tried.
 * Ground: drivers/vfio/pci/vfio_pci_core.c, vfio_pci_core_enable; arch/s390/pci/pci.c, pcibios_enable_device and
 * zpci_fmb_enable_device, which zeroes the counters of the domain attached at that moment; QEMU hw/s390x/s390-pci-inst.c,
 * mpcifc_service_call: cc 3 for a function that is disabled. vfio_pci_core_enable begins with pci_clear_master: "Don't allow our
 * initial saved state to include busmaster". "If reset fails because of the device lock, fail this path entirely": whoever takes the
 * function away has that. Of a reset that fails otherwise nothing is told, but vfio_pci_config.c, vfio_config_init, reads
 * configuration space next: out of reach, as a reset leaves it whose table is refused (zpci_reenable_device), the device is not
 * opened, and the next one to open it resets it anew. Quirk: pci_enable_device has read the power state before that (drivers/pci/pci.c,
 * pci_update_current_state: all ones are PCI_D3cold), nobody reads it after, and __vfio_pci_memory_enabled says no.
 */
export function openDevice(host: Host, name: string): Outcome {
  const fn = host.fn(name);
  if (fn.domain !== null) host.domain(fn.domain).counters = freshCounters();
  fn.inUse = true;
  // Before the reset, and of a function that is disabled the platform takes no measurement block.
  fn.measured = !fn.disabled;
  fn.busMaster = "off";
  const isOutOfReach = fn.inError || fn.disabled;
  const reset = resetFunction(host, name);
  fn.poweredOff = isOutOfReach && isPowerManaged(fn) && host.has("open-leaves-registers-out-of-reach");
  if (reset === "EAGAIN") {
    fn.inUse = false;
    return fail(reset);
  }
  fn.resetWorks = reset === "OK";
  host.devices.reset(fn, anything);
  if (!fn.inError && !fn.disabled) return succeed();
  fn.inUse = false;
  return outOfReach(host, fn);
}

/**
 * The end of an access to configuration space that is out of reach; a write begins with a read.
 * Ground: arch/s390/pci/pci.c, pci_read: PCIBIOS_DEVICE_NOT_FOUND, which is -ENODEV, since 7.0; before that what zpci_cfg_load returned:
 * -ENODEV of a function that is not enabled, else what __zpci_load did, -EIO of one in the error state.
 */
export const outOfReach = (host: Host, fn: ModelFunction): Outcome =>
  fail(fn.disabled || host.kernelIs("7.0") ? "ENODEV" : "EIO");

/**
 * VFIO closes the PCI device: it is reset once more, by its slot where no method of its own works, and disabled.
 * Ground: drivers/vfio/pci/vfio_pci_core.c, vfio_pci_core_disable, which begins with pci_clear_master, and
 * vfio_pci_dev_set_try_reset.
 */
export function closeDevice(host: Host, name: string): void {
  const fn = host.fn(name);
  fn.busMaster = "off";
  if (resetFunction(host, name) !== "OK" && !isLocked(fn)) zpciReset(host, name);
  host.devices.reset(fn, anything);
  fn.inUse = false;
  fn.busMaster = "off";
  fn.interrupts = 0;
  fn.errorsTold = null;
  fn.controller = "off";
  fn.queues = null;
}
