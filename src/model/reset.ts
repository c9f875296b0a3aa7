/** Resets of functions. */
import { describeEvent } from "./dma-answer.ts";
import type { Host } from "./host.ts";
import { isLocked, isWantedBack } from "./leaving.ts";
import { isOldLine } from "./old-line.ts";
import { resetOnHost } from "./outside.ts";
import { ask, askToRegister, describeTold, disableFunction, enableFunction, registerDefault } from "./platform.ts";
import { end, fail, succeed, type Outcome } from "./rule.ts";
import type { ModelFunction } from "./state.ts";

/**
 * Says what a reset comes to, and somewhere in between or before that there is an event: the kernel says so before it waits
 * for the reset to end (arch/s390/pci/pci_event.c, __zpci_event_error: zpci_dbg, then the state lock, which reset_slot holds
 * from before the reset says anything).
 */
function announcing(host: Host, name: string): (what: string) => void {
  const event = host.inside.unannounced(name);
  const after = event === undefined ? null : ["reset", "disable", "enable", null, "lock"][host.choose(5)];
  const announceAfter = (what: string): void => {
    if (event === undefined || what !== after) return;
    event.isAnnounced = true;
    host.say(describeEvent(name, event.pec));
  };
  announceAfter("lock");
  return (what) => {
    host.say(`${name} ${what}`);
    announceAfter(what);
  };
}

/** What a reset leaves of the command register that nobody saves and restores: of one that lets the function do DMA nobody knows. */
export const withoutRestoring = (host: Host, { busMaster }: ModelFunction): ModelFunction["busMaster"] =>
  busMaster === "off" || host.has("reset-stops-at-zpci") ? busMaster : "unknown";

/** Whether a reset lets the function do DMA between its halves whose command register was out of reach before. */
const withoutClearing = (host: Host, { busMaster }: ModelFunction): ModelFunction["busMaster"] =>
  host.has("reset-stops-at-zpci") ? busMaster : "off";

/**
 * Whether the command register that a reset restores lets the function do DMA.
 * Ground: drivers/pci/pci.c, pci_dev_save_and_disable and pci_dev_restore; drivers/pci/access.c, pci_write_config_dword: nothing is
 * written to a device that was given up, neither before nor after. Contract: what it was. Quirk: pci_save_state does not look whether
 * anything could be read, and takes the ones that PCI_SET_ERROR_RESPONSE stands for.
 */
function savedBusMaster(host: Host, fn: ModelFunction): ModelFunction["busMaster"] {
  if (fn.givenUp) return withoutRestoring(host, fn);
  return (fn.inError || fn.disabled) && host.has("reset-restores-ones") ? "on" : fn.busMaster;
}

/**
 * A zPCI reset: disable, enable, register the table again. `OK`, or what the one who asked for it gets: an errno, or the
 * condition code with which the table was not registered; the function is disabled then.
 * Ground: arch/s390/pci/pci.c, zpci_hot_reset_device and zpci_reenable_device (6.12: the same, in one function). Who
 * resets saves the command register before, clears it, and restores it after (drivers/pci/pci.c,
 * pci_dev_save_and_disable), whatever could be read of it.
 */
export function zpciReset(host: Host, name: string): "OK" | "EIO" | number {
  const fn = host.fn(name);
  const { inside } = host;
  const say = announcing(host, name);
  say("reset");
  const before = fn.busMaster;
  const saved = savedBusMaster(host, fn);
  const isOutOfReach = fn.inError || fn.disabled || fn.givenUp;
  // Who saved it could not clear it (pci_dev_save_and_disable), and where the device is not reset it stays as it was.
  fn.busMaster = isOutOfReach ? withoutClearing(host, fn) : "off";
  const isEnabled = !fn.disabled;
  if (isEnabled) {
    inside.pass("before-disable", name);
    if (disableFunction(host, fn, say) === "EIO") {
      fn.busMaster = before;
      return "EIO";
    }
  }
  inside.interrupted.set(name, "disabled");
  if (isEnabled) inside.pass("after-disable", name);
  inside.pass("before-enable", name);
  const result = reenable(host, fn, say);
  inside.interrupted.delete(name);
  // In the error state, or disabled, configuration space is still out of reach: what was saved cannot be restored.
  if (!fn.inError && !fn.disabled) fn.busMaster = saved;
  return result;
}

/**
 * The second half of a reset: enable, set up interrupts, register the table.
 * Ground: arch/s390/pci/pci.c, zpci_reenable_device: a function whose table is not registered is disabled again, and the condition
 * code returned as it is; one whose interrupts are not stays as it is, without a table. Before 7.0 they are left to who restores
 * the function's state ("s390/pci: Migrate s390 IRQ logic to IRQ domain API"). Up to 6.1 a function without a table gets the DMA API's
 * (zpci_hot_reset_device: zpci_dma_init_device where dma_table is NULL; seed 000 names both ways).
 */
function reenable(host: Host, fn: ModelFunction, say: (what: string) => void): "OK" | "EIO" | number {
  const { inside } = host;
  const { name } = fn.profile;
  if (enableFunction(host, fn, say) !== "OK") return "EIO";
  inside.interrupted.set(name, "unregistered");
  inside.pass("after-enable", name);
  const isPaging = fn.domain !== null || fn.onDefault;
  const asked = { instruction: "mpcifc", control: "register-interrupts", of: name } as const;
  if (fn.interrupts > 0 && host.kernelIs("7.0") && ask(host, asked) !== null) {
    fn.unregistered = isPaging;
    return "EIO";
  }
  if (!isPaging) {
    if (!isOldLine(host)) return "OK";
    registerDefault(host, fn);
    if (fn.onDefault) return "OK";
    disableFunction(host, fn, say);
    return "EIO";
  }
  inside.pass("before-register", name);
  inside.interrupted.delete(name);
  // s390-iommu.c, zpci_iommu_register_ioat, holds a spinlock meanwhile, and zpci_mod_fc waits with msleep.
  const told = askToRegister(host, fn, () => {
    if (host.has("busy-registration-sleeps-in-atomic")) host.alarms = { $not: [] };
  });
  if (told !== null && told.cc !== 0) {
    host.say(`${name} register-ioat ${describeTold(told)}`);
    fn.unregistered = !told.done;
    disableFunction(host, fn, say);
    return told.cc;
  }
  fn.unregistered = told !== null && !told.done;
  inside.pass("after-register", name);
  return "OK";
}

/** How a reset ends. */
export type ResetResult = "OK" | "ENOTTY" | "EIO" | "EAGAIN" | number;

/** Who resets: sysfs waits for the device's lock, VFIO gives up without it, and its hot reset asks before whether it can be done. */
type Caller = "sysfs" | "reset" | "hot-reset";

/** What may come of a reset that meets the recovery. */
const collisions: Readonly<Record<Caller, readonly ResetResult[]>> = {
  sysfs: ["OK", "EIO"],
  reset: ["OK", "EIO", "EAGAIN"],
  "hot-reset": ["OK", "EIO", "EAGAIN", "ENOTTY"],
};

/** The same where functions have no state lock (6.1: s390_pci_hpc.c, reset_slot, leaves it to the device's). */
const oldCollisions: typeof collisions = { sysfs: ["OK"], reset: ["OK", "EAGAIN"], "hot-reset": ["OK", "EAGAIN"] };

/**
 * A reset by the methods the function uses: its own where it has one, else (or on request) the zPCI reset. The errno where none
 * of them works. A reset of its own leaves the translation alone, and nobody says anything of it; the device is reset (PCI Bus Power
 * Management Interface Specification 1.2, section 3.2.4, No_Soft_Reset: without it a change from D3hot to D0 is "an internal reset").
 * Ground: drivers/pci/pci.c, __pci_reset_function_locked: the next method after one that answers -ENOTTY; pci_dev_wait,
 * which pcie_flr ends with: -ENOTTY where the device counts as disconnected, as a function that was given up does;
 * pci_dev_config_accessible (7.3), which it begins with: -ENOTTY where configuration space is out of reach. Quirk: pci_dev_wait before that
 * waits for PCIE_RESET_READY_POLL_MS, a minute, before it does, and in 6.1 does not ask for the former. pci_pm_reset: -ENOTTY for No_Soft_Reset, which is set in all ones, and those are
 * read where configuration space is out of reach (drivers/pci/access.c). An FLR of a guest's is the host's to do, by whatever method that uses
 * (drivers/vfio/pci/vfio_pci_config.c, vfio_exp_config_write: pci_try_reset_function).
 */
export function resetFunction(host: Host, name: string, caller: Caller = "reset"): ResetResult {
  const fn = host.fn(name);
  const uses = (method: ModelFunction["resetMethod"]): boolean =>
    fn.resetMethod === "default" || fn.resetMethod === method;
  const own = fn.resets.filter(uses);
  const hasSlot = uses("bus") && fn.slotResets;
  // pci_reset_supported is asked first.
  if (own.length === 0 && !hasSlot) return "ENOTTY";
  if (isLocked(fn)) return "EAGAIN";
  const isOutOfReach = fn.givenUp || fn.inError || fn.disabled;
  // pci_dev_save_and_disable, and VFIO before it, have it in D0, as far as it can be asked.
  if (!isOutOfReach) fn.poweredOff = false;
  const isWaitedFor = isOutOfReach && (isOldLine(host) || !fn.givenUp);
  if (isWaitedFor && own.includes("flr") && host.has("flr-waits-in-error-state")) host.takeLong();
  if (isOutOfReach || own.length === 0) return hasSlot ? resetSlot(host, name, caller) : "ENOTTY";
  host.inside.pass("before-reset", name);
  if (own[0] === "pm" && host.has("power-state-resets-nothing")) return "OK";
  resetOnHost(host, fn);
  return "OK";
}

/**
 * Whether the function's slot says that it can be reset. Not while the kernel lets go of the function as the platform asked it
 * to: that has the function's state lock until VFIO's user closes the device. A function that sysfs removes has its device locked,
 * and nothing else. Linux 6.1 has no state lock.
 * Ground: arch/s390/pci/pci_event.c, __zpci_event_availability, takes the lock; drivers/pci/hotplug/s390_pci_hpc.c, reset_slot, says -EIO
 * without it, asked as well as told; drivers/pci/pci.c, pci_bus_reset: no root bus can be reset.
 */
export const canBeAskedToReset = (host: Host, fn: ModelFunction): boolean => isOldLine(host) || !isWantedBack(fn);

/**
 * A reset of the function's slot: the zPCI reset. Where the recovery from an error event is on its way, the two want the same
 * two locks: a reset gives up that finds the recovery with the function's state in its hands, which waits for the device that
 * the reset has locked; or, unless it waits, with the device's lock. A hot reset asks before, and takes a function in the
 * recovery's hands for one that cannot be reset.
 * Ground: drivers/pci/hotplug/s390_pci_hpc.c, reset_slot: -EIO where the state lock cannot be had; drivers/pci/pci.c,
 * pci_try_reset_function and pci_try_reset_slot: -EAGAIN where the device's lock cannot; pci_reset_bus: pci_probe_reset_slot asks
 * reset_slot, too, and where that fails the bus is tried, which cannot be reset; pci_event.c, __zpci_event_error takes
 * the state lock first and the device's after it, resets take them the other way round.
 */
export function resetSlot(host: Host, name: string, caller: Caller = "reset"): ResetResult {
  if (isLocked(host.fn(name))) return "EAGAIN";
  host.inside.pass("before-reset", name);
  const isPending = host.inside.unannounced(name) !== undefined;
  const ways = (isOldLine(host) ? oldCollisions : collisions)[caller];
  const result = (isPending && ways.length > 1 ? ways[host.choose(ways.length)] : null) ?? "OK";
  // What is restored could not be read.
  if (result === "EIO") host.fn(name).busMaster = "unknown";
  return result === "OK" ? zpciReset(host, name) : result;
}

/**
 * What the one who asked for a reset gets.
 * Contract: 0, or an errno (include/uapi/linux/vfio.h, VFIO_DEVICE_RESET: "Return: 0 on success, -errno on failure";
 * Documentation/ABI/testing/sysfs-bus-pci, reset). Quirk: a condition code goes through as it is, which VFIO returns and sysfs takes
 * for success.
 */
export function endReset(host: Host, result: ResetResult, caller: "sysfs" | "ioctl"): Outcome {
  if (typeof result === "string") return end(result);
  if (!host.has("reset-returns-condition-code")) return fail("EIO");
  return succeed(caller === "sysfs" ? {} : { returned: result });
}
