/** Functions that come into the error state, and what a kernel does about them. */
import type { Profile } from "../trace/profile.ts";
import { isAtLeast } from "../zpci/version.ts";
import { describeEvent } from "./dma-answer.ts";
import type { Host } from "./host.ts";
import { findAwaited } from "./leaving.ts";
import { ask, describeToldInHex } from "./platform.ts";
import { withoutRestoring, zpciReset } from "./reset.ts";
import { ScenarioMistake } from "./scenario-mistake.ts";
import type { ModelFunction } from "./state.ts";

/**
 * How a function is left once the kernel has reacted to an error event.
 * Ground: arch/s390/pci/pci_event.c. From 7.0 on a driver that has only error_detected, as vfio-pci, gets its function
 * unblocked (zpci_event_do_error_state_clear); before, it stays in the error state (is_driver_supported wanted
 * slot_reset and resume) and is given up: zpci_event_io_failure with pci_channel_io_perm_failure. From 7.3 on a kernel
 * with VFIO_PCI_ZDEV_KVM leaves the recovery of a function that VFIO has open to user space
 * (vfio_pci_zdev.c, vfio_pci_zdev_open_device: zpci_start_mediated_recovery).
 */
function recoveryOf(
  { kernel }: Profile,
  fn: Pick<ModelFunction, "driver" | "inUse">,
): { readonly inError: boolean; readonly isGivenUp: boolean } {
  const isSupported = isAtLeast(kernel.version, "7.0") && fn.driver === "vfio-pci";
  const isLeftToUser =
    isSupported && fn.inUse && isAtLeast(kernel.version, "7.3") && kernel.options.includes("VFIO_PCI_ZDEV_KVM");
  return { inError: !isSupported || isLeftToUser, isGivenUp: !isSupported };
}

/** Whether the kernel hears of no error event: its thread waits for VFIO's user. */
export const isUnheard = (host: Host): boolean =>
  findAwaited(host) !== undefined && host.has("reports-wait-for-user");

/**
 * A function enters the error state; a thread of the kernel reacts. What was raised inside an operation is usually handled
 * after it: nothing makes that give up its CPU before it has ended. But it may have to, as anywhere where it holds no spinlock: at
 * once, or before the next flush that it sends.
 * Ground: drivers/s390/cio/crw.c, crw_collect_info, the thread; arch/s390/kernel/nmi.c, s390_handle_mcck, which wakes it.
 * Contract: whoever drives a function is told of its error (Documentation/PCI/pci-error-recovery.rst, step 1), whatever befalls others.
 * Quirk: the thread waits for VFIO's user where a function is wanted back, and hears of nothing until that is closed.
 */
export function raiseError(host: Host, fn: ModelFunction, pec: string | null, isByDma = true): void {
  // A command whose DMA was refused is lost; of an RPCIT that was the device knows nothing.
  if (isByDma) fn.controller = "unknown";
  fn.inError = true;
  if (isUnheard(host)) {
    const { name } = fn.profile;
    if (findAwaited(host) === fn)
      throw new ScenarioMistake(`What comes of an error of "${name}", which is wanted back, is not predicted`);
    host.state.unheard.push({ function: name, pec });
    return;
  }
  // In the middle of a reset the locks that the recovery wants are taken.
  const isLocked = host.inside.interrupted.has(fn.profile.name);
  const way = !host.inside.atPoint ? 1 : isLocked ? 0 : host.choose(3);
  if (way === 1) handleError(host, fn, pec, false);
  else {
    const due = way === 0 ? "end" : "flush";
    host.inside.events.push({ function: fn.profile.name, pec, isAnnounced: false, due });
  }
}

/** The kernel is about to flush a function: what was to be handled before that is. */
export function handleDue(host: Host, fn: ModelFunction): void {
  const event = host.inside.takeDue(fn.profile.name);
  if (event !== undefined) handleError(host, fn, event.pec, event.isAnnounced);
}

/** An operation has ended; the kernel gets to what was raised inside it. */
export function endInside(host: Host): void {
  host.inside.end();
  for (const { function: name, pec, isAnnounced } of host.inside.events.splice(0)) {
    handleError(host, host.fn(name), pec, isAnnounced);
  }
}

/** The kernel waits for nobody any more, and hears of what happened meanwhile. */
export function hearAll(host: Host): void {
  for (const { function: name, pec } of host.state.unheard.splice(0)) {
    const fn = host.fn(name);
    if (fn.driver !== "vfio-pci" || !fn.configured || fn.removed)
      throw new ScenarioMistake(
        `What becomes of an old error event of "${name}", which VFIO has no more, is not predicted`,
      );
    handleError(host, fn, pec, false);
  }
}

/**
 * The kernel handles an error event. Where a reset came first, the function has the handle that it had before (QEMU
 * hw/s390x/s390-pci-inst.c, clp_service_call), so its event does not count as stale (pci_event.c, __zpci_event_error).
 */
export function handleError(host: Host, fn: ModelFunction, pec: string | null, isAnnounced: boolean): void {
  if (!isAnnounced) host.say(describeEvent(fn.profile.name, pec));
  // The handle that the function has now is not to be had: the event is dropped (__zpci_event_error, clp_refresh_fh). Up to 6.1 the
  // event's own is taken.
  if (host.kernelIs("6.2") && ask(host, { instruction: "clp", command: "list", of: null }) !== null) return;
  tellDriver(fn);
  // "skipped (permanent failure)" (zpci_event_attempt_error_recovery).
  if (fn.givenUp) return;
  const { inError, isGivenUp } = recoveryOf(host.profile, fn);
  fn.givenUp ||= isGivenUp;
  if (inError) return;
  clearError(host, fn);
  if (fn.givenUp) tellDriver(fn);
}

/**
 * VFIO, which drives the function, is told of an error, and tells its user.
 * Ground: arch/s390/pci/pci_event.c: zpci_event_notify_error_detected where a recovery begins, zpci_event_io_failure where none is
 * tried, or where it has failed; drivers/vfio/pci/vfio_pci_core.c, vfio_pci_core_aer_err_detected.
 */
export function tellDriver(fn: ModelFunction): void {
  if (typeof fn.errorsTold === "number") fn.errorsTold += 1;
}

/** VFIO is told of an error or not, as a device has it of which nobody knows what it does. */
export function mayTellDriver(fn: ModelFunction): void {
  if (fn.errorsTold !== null) fn.errorsTold = "unknown";
}

/**
 * The kernel brings a function back: loads and stores first, DMA then; where the platform does not play along a reset takes their
 * place, and where that fails the function is given up.
 * Ground: pci_event.c, zpci_event_do_error_state_clear and zpci_event_do_reset; zpci_event_attempt_error_recovery and
 * __zpci_event_error for what comes of a reset that fails.
 */
function clearError(host: Host, fn: ModelFunction): void {
  const { name } = fn.profile;
  const unblocked = ask(host, { instruction: "mpcifc", control: "reset-load-store-blocked", of: name });
  if (unblocked === null && !fn.inError) {
    resetInstead(host, fn);
    return;
  }
  if (unblocked !== null) {
    host.say(`${name} reset-load-store-blocked ${describeToldInHex(unblocked)}`);
    resetByKernel(host, fn);
    return;
  }
  const cleared = ask(host, { instruction: "mpcifc", control: "reset-error", of: name });
  if (cleared === null) {
    fn.inError = false;
    return;
  }
  host.say(`${name} clear-error-state ${describeToldInHex(cleared)}`);
  resetByKernel(host, fn);
}

/**
 * What was refused may be tried once more. The function says nothing while it is in the error state; after its recovery it
 * raises the same event again.
 * Ground: "Re-enables load/store access for a PCI function in the error state while keeping DMA blocked [...] while
 * catching any rogue DMA access" (arch/s390/pci/pci.c, zpci_reset_load_store_blocked): half-way through the recovery a
 * second event can come as well. It is handled when the first recovery has cleared the error state.
 */
export function mayRaiseAgain(host: Host, fn: ModelFunction, pec: string | null): void {
  if (fn.inError) return;
  const way = host.choose(host.has("examined-function-raises-again") ? 3 : 2);
  if (way > 0) raiseError(host, fn, pec);
  if (way === 2) resetInstead(host, fn);
}

/**
 * A function that is in the error state no more is recovered: unblocking it is out of sequence (cc 1, status 0x18), and a
 * reset takes its place.
 * Ground: pci_event.c, zpci_event_do_error_state_clear and zpci_event_do_reset.
 */
function resetInstead(host: Host, fn: ModelFunction): void {
  host.say(`${fn.profile.name} reset-load-store-blocked cc=1 status=18`);
  resetByKernel(host, fn);
}

function resetByKernel(host: Host, fn: ModelFunction): void {
  const left = withoutRestoring(host, fn);
  if (zpciReset(host, fn.profile.name) !== "OK") fn.givenUp = true;
  // This reset comes without the PCI core, which would have cleared and restored it.
  fn.busMaster = left;
}
