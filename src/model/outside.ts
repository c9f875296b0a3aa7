/** What becomes of a passed-through function on its host, behind its guest's back. */
import { traitsOf } from "../trace/device-kinds.ts";
import type { Host } from "./host.ts";
import type { ModelFunction } from "./state.ts";

/** The host's kernel says something of a function. */
export function sayOnHost(host: Host, { profile }: ModelFunction, ...what: readonly string[]): void {
  for (const each of what) host.hostMessages.push(`${profile.name} ${each}`);
}

/** What the host's kernel says of a reset by the slot. */
export const sayReset = (host: Host, fn: ModelFunction): void => {
  sayOnHost(host, fn, "reset", "disable", "enable");
};

/** Whether the host resets a function by its slot: some have a reset of their own, which says nothing. */
export const isResetBySlot = ({ profile, outside }: ModelFunction): boolean =>
  traitsOf(profile).resets.length === 0 || outside.resetMethod === "bus";

/**
 * The host resets a function, by the methods that it uses there.
 * Ground: drivers/pci/pci.c, __pci_reset_function_locked; FLR is the device's own affair; arch/s390/pci/pci.c, zpci_hot_reset_device:
 * disable, enable, and the table is registered again, with what the guest's QEMU has mapped. Contract: what the guest mapped stays
 * mapped, and the device behind the function is reset. Quirks: the host's own hypervisor knows none of it any more; the reset stops at zPCI.
 */
export function resetOnHost(host: Host, fn: ModelFunction): void {
  if (!isResetBySlot(fn)) {
    fn.controller = "off";
    return;
  }
  sayReset(host, fn);
  if (!host.has("reset-stops-at-zpci")) fn.controller = "off";
  if (host.has("shadow-by-rpcit")) fn.outside.hidden = [...fn.shadow.keys()];
}

/**
 * The guest's QEMU closes the function, because the guest has let go of it, or in death.
 * Ground: drivers/vfio/pci/vfio_pci_core.c, vfio_pci_core_disable: it is reset when its last descriptor is closed, unless the device's lock
 * is taken, as it is where the host itself wants the function back.
 */
export function closeOnHost(host: Host, fn: ModelFunction, isLocked: boolean): void {
  fn.outside.open = false;
  if (isResetBySlot(fn) && !isLocked) sayReset(host, fn);
}
