/** What VFIO does with a PCI device when it opens and closes it, however it is attached. */
import { anything } from "../../compare/pattern.ts";
import type { Host } from "../host.ts";
import { isLocked } from "../leaving.ts";
import { resetFunction, zpciReset } from "../reset.ts";
import { freshCounters } from "../state.ts";

/**
 * VFIO opens the PCI device: statistics begin, and a function reset is tried.
 * Ground: drivers/vfio/pci/vfio_pci_core.c, vfio_pci_core_enable; arch/s390/pci/pci.c, pcibios_enable_device and
 * zpci_fmb_enable_device, which zeroes the counters of the domain attached at that moment. vfio_pci_core_enable begins with
 * pci_clear_master: "Don't allow our initial saved state to include busmaster".
 */
export function openDevice(host: Host, name: string): void {
  const fn = host.fn(name);
  if (fn.domain !== null) host.domain(fn.domain).counters = freshCounters();
  fn.inUse = true;
  fn.busMaster = "off";
  // It is tried, and nobody is told where it did not work.
  fn.resetWorks = resetFunction(host, name) === "OK";
  host.devices.reset(fn, anything);
}

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
  fn.controller = "off";
  fn.queues = null;
}
