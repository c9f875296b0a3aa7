/** What a kernel does about a function that has come into the error state. */
import type { Profile } from "../trace/profile.ts";
import { isAtLeast } from "../zpci/version.ts";
import type { ModelFunction } from "./state.ts";

/**
 * How a function is left once the kernel has reacted to an error event.
 * Ground: arch/s390/pci/pci_event.c. From 7.0 on a driver that has only error_detected, as vfio-pci, gets its function
 * unblocked (zpci_event_do_error_state_clear); before, it stays in the error state (is_driver_supported wanted
 * slot_reset and resume) and is given up: zpci_event_io_failure with pci_channel_io_perm_failure. From 7.3 on a kernel
 * with VFIO_PCI_ZDEV_KVM leaves the recovery of a function that VFIO has open to user space
 * (vfio_pci_zdev.c, vfio_pci_zdev_open_device: zpci_start_mediated_recovery).
 */
export function recoveryOf(
  { kernel }: Profile,
  fn: Pick<ModelFunction, "driver" | "inUse">,
): { readonly inError: boolean; readonly isGivenUp: boolean } {
  const isSupported = isAtLeast(kernel.version, "7.0") && fn.driver === "vfio-pci";
  const isLeftToUser =
    isSupported && fn.inUse && isAtLeast(kernel.version, "7.3") && kernel.options.includes("VFIO_PCI_ZDEV_KVM");
  return { inError: !isSupported || isLeftToUser, isGivenUp: !isSupported };
}
