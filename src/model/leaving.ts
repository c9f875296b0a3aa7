/** Functions that the platform wants back and that VFIO's user still has. */
import type { Host } from "./host.ts";
import { ScenarioMistake } from "./scenario-mistake.ts";
import type { ModelFunction } from "./state.ts";

/**
 * Whether the kernel is taking a function away as the platform asked it to, and waits for VFIO's user to close it.
 * Ground: arch/s390/pci/pci_event.c, __zpci_event_availability; drivers/vfio/vfio_main.c, vfio_unregister_group_dev.
 */
export const isWantedBack = ({ unplugged, leaves }: ModelFunction): boolean =>
  unplugged === "asked" || leaves !== null;

/**
 * The function that the thread of channel reports waits for; undefined where there is none.
 * Ground: drivers/s390/cio/crw.c, crw_collect_info: one thread has the handlers of all reports called, one after the other. What a
 * scenario has the platform say is told in a thread of its own (docs/decisions/0014-events-are-told-in-a-thread.md).
 */
export const findAwaited = (host: Host): ModelFunction | undefined =>
  Object.values(host.state.functions).find(({ unplugged }) => unplugged === "asked");

/**
 * Whether somebody takes a function away and waits for VFIO's user with the device's lock held: no reset gets that.
 * Ground: drivers/base/dd.c, device_release_driver_internal; who resets only tries for it (drivers/pci/pci.c,
 * pci_dev_trylock, pci_slot_trylock).
 */
export const isLocked = (fn: ModelFunction): boolean => isWantedBack(fn) || fn.removing;

/** A function that somebody takes away and waits for; undefined where there is none. */
export const findLocked = (host: Host): ModelFunction | undefined =>
  Object.values(host.state.functions).find(isLocked);

/**
 * To be called before the PCI core is to scan a function, or to be rid of one: that waits for a removal that waits for its user,
 * whoever asked for that.
 * Ground: arch/s390/pci/pci_bus.c, zpci_bus_remove_device; drivers/pci/remove.c, pci_stop_and_remove_bus_device_locked.
 * @throws {ScenarioMistake} where one waits
 */
export function requireNoRemoval(host: Host): void {
  const waiting = findLocked(host);
  if (waiting === undefined) return;
  throw new ScenarioMistake(
    `The removal of "${waiting.profile.name}" has the PCI core's lock: close its device first`,
  );
}
