/** The life of a function: drivers, power, sysfs resets. */
import { anything } from "../../compare/pattern.ts";
import type { Host } from "../host.ts";
import { ScenarioMistake } from "../scenario-mistake.ts";
import { traitsOf } from "../../trace/device-kinds.ts";
import type { ModelFunction } from "../state.ts";
import { defaultTypeOf, joinGroup } from "./domain.ts";
import { isLocked, requireNoRemoval } from "../leaving.ts";
import { isOldLine } from "../old-line.ts";
import { closeOnHost } from "../outside.ts";
import { disableFunction, enableFunction, registerDefault } from "../platform.ts";
import { hearAll } from "../recovery.ts";
import { canBeAskedToReset, endReset, resetFunction } from "../reset.ts";
import { end, fail, succeed, type Rules } from "../rule.ts";

/** A function that VFIO has is not to be taken from under it: that waits until it is closed. */
export const requireUnused = (fn: ModelFunction, what: string): void => {
  if (fn.open !== "no") throw new ScenarioMistake(`${what} waits until the VFIO device is closed, for ever`);
  if (fn.group.open)
    throw new ScenarioMistake(`${what} takes the group away under its open descriptor: close that first`);
};

/**
 * Whether a function is found to have a reset of its own: of power management its registers are asked, and out of reach they say no.
 * Ground: drivers/pci/pci.c, pci_pm_reset, and pcie_reset_flr, which has what was read when the function was found.
 */
const isAnswering = (fn: ModelFunction, method: string): boolean =>
  method !== "pm" || !(fn.inError || fn.disabled || fn.givenUp);

/**
 * The function is scanned anew, and what can reset it is found out.
 * Contract: its slot can, as it could before (s390_pci_hpc.c, reset_slot). Quirk: the scan holds the function's state lock, which
 * reset_slot wants even where it is only asked, and drivers/pci/pci.c, pci_init_reset_methods, takes -EIO for a no.
 */
export const findMethods = (host: Host, name: string, locked = true): void => {
  const fn = host.fn(name);
  fn.slotResets = !(locked && host.has("rescan-loses-slot-reset"));
  fn.resets = traitsOf(fn.profile).resets.filter((method) => isAnswering(fn, method));
};

/** Says something of a function. */
export const sayOf =
  (host: Host, name: string) =>
  (what: string): void => {
    host.say(`${name} ${what}`);
  };

/** Whether the PCI core has the function. */
export const isThere = (fn: ModelFunction): boolean => fn.configured && !fn.removed;

/** Whether the function has any way to be reset: else it has no attributes for it (drivers/pci/pci.c, pci_dev_reset_attr_is_visible). */
const hasMethods = (fn: ModelFunction): boolean => fn.resets.length > 0 || fn.slotResets;

/** Nothing is left of what the PCI core, a driver and the IOMMU had of a function. */
export const forget = (host: Host, name: string): void => {
  host.setDomain(name, null);
  const fn = host.fn(name);
  fn.onDefault = true;
  fn.driver = null;
  fn.driven = null;
  fn.groupNumber = null;
  fn.givenUp = false;
  fn.busMaster = "off";
  fn.interrupts = 0;
  fn.errorsTold = null;
  fn.controller = "off";
  fn.resetMethod = "default";
  fn.poweredOff = false;
  fn.defaultType = defaultTypeOf(host.profile);
};

/**
 * The function's slot is switched off.
 * Contract: arch/s390/pci/pci.c, zpci_deconfigure_device, "If any failure occurs the device is left as is". Quirk: the PCI core has
 * lost it by then (zpci_bus_remove_device comes first).
 */
export function powerOff(host: Host, fn: ModelFunction): string {
  const { name } = fn.profile;
  const say = sayOf(host, name);
  const before = structuredClone(fn);
  if (!fn.removed) forget(host, name);
  const result = fn.disabled ? "OK" : disableFunction(host, fn, say);
  host.devices.reset(fn, anything);
  if (result !== "OK") {
    if (host.has("failed-power-off-loses-function")) fn.removed = true;
    else Object.assign(fn, before);
    return result;
  }
  fn.configured = false;
  fn.removed = false;
  say("deconfigure");
  return "OK";
}

/** The function's slot is switched on: the function is configured, enabled, and found by the PCI core. */
function powerOn(host: Host, fn: ModelFunction): string {
  const { name } = fn.profile;
  const say = sayOf(host, name);
  forget(host, name);
  host.devices.reset(fn, anything);
  fn.configured = true;
  say("configure");
  if (enableFunction(host, fn, say) !== "OK") {
    fn.removed = true;
    return "EIO";
  }
  joinGroup(host, name);
  findMethods(host, name);
  registerDefault(host, fn);
  return "OK";
}

/**
 * The host lets go of a function for good.
 * Ground: arch/s390/pci/pci_event.c, __zpci_event_availability: 0x0303, zpci_deconfigure_device; 0x0308, zpci_device_reserved; QEMU
 * hw/s390x/s390-pci-bus.c, s390_pci_perform_unplug, which follows when the function is deconfigured. s390-iommu.c has the blocking
 * domain as release_domain: nothing is left of what was attached. A host that waits asks again every ten seconds (drivers/vfio/vfio_main.c,
 * vfio_unregister_group_dev), and so does its guest's QEMU (s390_pcihost_unplug_request: "Allow to send multiple requests"); what was asked
 * meanwhile comes after, and finds the function deconfigured.
 */
export function letGo(host: Host, fn: ModelFunction, isWantedByHost = false): void {
  const { name } = fn.profile;
  forget(host, name);
  closeOnHost(host, fn, isWantedByHost);
  disableFunction(host, fn, sayOf(host, name));
  fn.configured = false;
  host.say(`${name} deconfigure`);
  if (fn.outside.wanted === "waits") host.again = { after: host.messages.length, message: `${name} available 0x303` };
  fn.unplugged = "gone";
  // The thread that lets go of it hears of what waited before the hypervisor says that it has it.
  hearAll(host);
  reserve(host, fn);
}

/** A function that is deconfigured is the host's no more (pci_event.c, 0x0308: Standby -> Reserved). */
export function reserve(host: Host, fn: ModelFunction): void {
  const { name } = fn.profile;
  fn.unplugged = "gone";
  host.say(`${name} available 0x308`, `${name} reserved`, `${name} removed`);
}

/** Rules of this file. */
export const functionRules: Rules<
  "bind" | "unbind" | "power" | "unplug" | "sysfs-reset" | "recover" | "reset-method"
> = {
  bind: {
    ground:
      "Documentation/ABI/testing/sysfs-bus-pci, driver_override; drivers/vfio/pci/vfio_pci.c, vfio_pci_probe; drivers/vfio/group.c, " +
      "vfio_group_find_or_alloc: nothing is bound that has no IOMMU group, of which who asks is not told (drivers/base/bus.c, drivers_probe)",
    predict: (host, { function: name }) => {
      const fn = host.fn(name);
      requireUnused(fn, "Unbinding");
      if (!isThere(fn)) return fail("ENOENT");
      fn.driver = fn.groupNumber === null ? null : "vfio-pci";
      fn.driven = null;
      return succeed();
    },
  },
  unbind: {
    ground:
      "drivers/base/bus.c, unbind_store; drivers/base/dd.c, driver_sysfs_remove: without a driver there is no file to write to",
    predict: (host, { function: name }) => {
      const fn = host.fn(name);
      requireUnused(fn, "Unbinding");
      if (fn.driver === null) return fail("ENOENT");
      fn.driver = null;
      fn.driven = null;
      return succeed();
    },
  },
  power: {
    ground:
      "drivers/pci/hotplug/s390_pci_hpc.c, enable_slot and disable_slot: -EIO where the function is not in the state that " +
      'the request starts from; arch/s390/pci/pci.c, zpci_deconfigure_device: "If any failure occurs the device is left as is"; ' +
      'zpci_scan_configured_device: "If any failure occurs, the zpci_dev is left disabled"',
    predict: (host, { function: name, on }) => {
      const fn = host.fn(name);
      requireNoRemoval(host);
      if (!on) requireUnused(fn, "Powering off");
      // Its slot is gone with it.
      if (fn.unplugged === "gone" || fn.takenFor === "unknown") return fail("ENOENT");
      if (fn.configured === on) return fail("EIO");
      fn.takenFor = null;
      return end(on ? powerOn(host, fn) : powerOff(host, fn));
    },
  },
  unplug: {
    ground:
      "QEMU hw/s390x/s390-pci-bus.c, s390_pcihost_unplug_request: a deconfiguration request, 0x0303; arch/s390/pci/pci_event.c, " +
      "__zpci_event_availability: the PCI device is removed first, and that waits for VFIO's user (drivers/vfio/vfio_main.c, " +
      "vfio_unregister_group_dev) with the function's state locked; what the function has is its own until then",
    predict: (host, { function: name }) => {
      const fn = host.fn(name);
      requireNoRemoval(host);
      if (traitsOf(fn.profile).served) throw new ScenarioMistake(`QEMU does not survive that "${name}" is unplugged`);
      if (fn.unplugged !== "no" || !isThere(fn))
        throw new ScenarioMistake(`There is no function "${name}" to unplug`);
      if (fn.group.open) throw new ScenarioMistake(`Group of "${name}" is open: what becomes of it is not predicted`);
      host.say(`${name} available 0x303`);
      if (fn.open === "no") letGo(host, fn);
      else {
        fn.unplugged = "asked";
        // drivers/base/dd.c, __device_release_driver: sysfs forgets the driver first.
        fn.driver = null;
      }
      return succeed();
    },
  },
  "sysfs-reset": {
    ground:
      "drivers/pci/pci.c, reset_store and __pci_reset_function_locked: the first method that works; " +
      "pci_dev_reset_attr_is_visible: no file where there is none",
    predict: (host, { function: name }) => {
      const fn = host.fn(name);
      if (!isThere(fn) || !hasMethods(fn)) return fail("ENOENT");
      if (fn.driven !== null)
        throw new ScenarioMistake("What the kernel's driver does about a reset is its own affair");
      // drivers/pci/pci.c, pci_reset_function, waits for the lock that others only try for.
      if (isLocked(fn)) throw new ScenarioMistake("Its reset waits until the VFIO device is closed, for ever");
      return endReset(host, resetFunction(host, name, "sysfs"), "sysfs");
    },
  },
  recover: {
    ground:
      "arch/s390/pci/pci_sysfs.c, recover_store and _do_recover: remove the PCI device, disable, enable, scan again, which finds " +
      "only what is enabled; what the first two return is returned. Up to 6.1 recover_store ends where disabling fails, without a scan",
    predict: (host, { function: name }) => {
      const fn = host.fn(name);
      requireNoRemoval(host);
      requireUnused(fn, "Recovery");
      if (!isThere(fn)) return fail("ENOENT");
      const say = sayOf(host, name);
      forget(host, name);
      const isDisabled = fn.disabled || disableFunction(host, fn, say) !== "EIO";
      const isGivenUp = !isDisabled && isOldLine(host);
      if (isGivenUp || (isDisabled && enableFunction(host, fn, say) !== "OK")) {
        fn.removed = true;
        return fail("EIO");
      }
      host.devices.reset(fn, anything);
      joinGroup(host, name);
      findMethods(host, name);
      registerDefault(host, fn);
      return isDisabled ? succeed() : fail("EIO");
    },
  },
  "reset-method": {
    ground:
      "drivers/pci/pci-sysfs.c, reset_method_store: -EINVAL for a method that the function does not have, or that says so now; " +
      "pci_init_reset_methods for default",
    predict: (host, { function: name, method }) => {
      const fn = host.fn(name);
      if (!isThere(fn) || !hasMethods(fn)) return fail("ENOENT");
      const known: readonly string[] = [...traitsOf(fn.profile).resets, "bus", "default"];
      if (!known.includes(method) || !isAnswering(fn, method)) return fail("EINVAL");
      const isAsked = canBeAskedToReset(host, fn);
      if (method === "bus" && !isAsked) return fail("EINVAL");
      fn.resetMethod = method;
      // They are asked anew, the slot where nobody holds the lock.
      if (method === "default") findMethods(host, name, !isAsked);
      if (method === "bus") fn.slotResets = true;
      return succeed();
    },
  },
};
