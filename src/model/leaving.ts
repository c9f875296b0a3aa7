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
 * To be called before the platform tells the kernel of anything but an error.
 * @throws {ScenarioMistake} where the kernel would not hear of it before VFIO's user closes a function
 */
export function requireHearing(host: Host): void {
  const awaited = findAwaited(host);
  if (awaited === undefined) return;
  throw new ScenarioMistake(`The kernel hears of nothing while it waits for "${awaited.profile.name}" to be closed`);
}
