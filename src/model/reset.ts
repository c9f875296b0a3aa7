/** Resets of functions. */
import { describeEvent } from "./dma-answer.ts";
import type { Host } from "./host.ts";

/**
 * Says what a reset comes to, and somewhere in between that there is an event: the kernel says so before it waits for the
 * reset to end (arch/s390/pci/pci_event.c, __zpci_event_error: zpci_dbg, then the state lock, which reset_slot holds).
 */
function announcing(host: Host, name: string): (what: string) => void {
  const event = host.inside.unannounced(name);
  const after = event === undefined ? null : ["reset", "disable", "enable", null][host.choose(4)];
  return (what) => {
    host.say(`${name} ${what}`);
    if (event === undefined || what !== after) return;
    event.isAnnounced = true;
    host.say(describeEvent(name, event.pec));
  };
}

/**
 * A zPCI reset: disable, enable, register the table again.
 * Ground: arch/s390/pci/pci.c, zpci_hot_reset_device and zpci_reenable_device (6.12: the same, in one function). Who
 * resets saves the command register before, clears it, and restores it after (drivers/pci/pci.c,
 * pci_dev_save_and_disable), whatever could be read of it.
 */
export function zpciReset(host: Host, name: string): void {
  const fn = host.fn(name);
  const { inside } = host;
  const say = announcing(host, name);
  say("reset");
  const saved = fn.inError ? "unknown" : fn.busMaster;
  fn.busMaster = "off";
  inside.pass("before-disable", name);
  say("disable");
  host.devices.empty(fn);
  host.devices.reset(fn, true);
  // It forgets what it was told to do.
  if (!host.has("reset-stops-at-zpci")) Object.assign(fn.end, { held: null, storm: null });
  fn.shadow = new Map();
  fn.kept = new Map();
  fn.inError = false;
  if (!host.has("reset-stops-at-zpci")) fn.controller = "off";
  inside.pass("after-disable", name);
  inside.pass("before-enable", name);
  say("enable");
  inside.pass("after-enable", name);
  if (fn.domain !== null) {
    inside.pass("before-register", name);
    inside.pass("after-register", name);
  }
  fn.busMaster = saved;
}

/**
 * A reset by the methods the function uses: FLR where it has one, else (or on request) the zPCI reset. The errno where none
 * of them works.
 * Ground: drivers/pci/pci.c, __pci_reset_function_locked: the next method after one that answers -ENOTTY; pci_dev_wait,
 * which pcie_flr ends with: -ENOTTY where the device counts as disconnected, as a function that was given up does;
 * pci_dev_config_accessible (7.3), which it begins with: -ENOTTY where configuration space is out of reach.
 */
export function resetFunction(host: Host, name: string): "OK" | "ENOTTY" | "EIO" {
  const fn = host.fn(name);
  const has = (method: "flr" | "bus"): boolean => fn.resetMethod === "default" || fn.resetMethod === method;
  const isByFlr = fn.profile.device === "nvme" && has("flr") && !fn.givenUp && !fn.inError;
  if (!isByFlr) return has("bus") && fn.slotResets ? resetSlot(host, name) : "ENOTTY";
  host.inside.pass("before-reset", name);
  fn.controller = "off";
  return "OK";
}

/**
 * A reset of the function's slot: the zPCI reset. It gives up where it finds the function in the hands of the recovery, which
 * has taken the function's state and waits for the device that the reset has locked.
 * Ground: drivers/pci/hotplug/s390_pci_hpc.c, reset_slot: -EIO where the state lock cannot be had; pci_event.c,
 * __zpci_event_error takes that first and the device's lock after it, drivers/pci/pci.c, pci_try_reset_function the other way
 * round.
 */
export function resetSlot(host: Host, name: string): "OK" | "EIO" {
  host.inside.pass("before-reset", name);
  const isRecovering = host.inside.unannounced(name) !== undefined && host.choose(2) === 1;
  if (!isRecovering) {
    zpciReset(host, name);
    return "OK";
  }
  // What is restored could not be read.
  host.fn(name).busMaster = "unknown";
  return "EIO";
}
