/** What is done to a function on the host of the guest that has it, and to the guest as a whole. */
import type { GuestOperationName, HostOperationName } from "../../operation/host-fields.ts";
import { traitsOf, type DeviceKind } from "../../trace/device-kinds.ts";
import { initialState } from "../initial-state.ts";
import type { Host } from "../host.ts";
import { ScenarioMistake } from "../scenario-mistake.ts";
import { fail, succeed, type Rules } from "../rule.ts";
import type { ModelFunction } from "../state.ts";
import { closeOnHost, isResetBySlot, resetOnHost, sayOnHost, sayReset } from "../outside.ts";
import { findLocked } from "../leaving.ts";
import { joinGroup } from "./domain.ts";
import { nvmeDriver, takeByDriver } from "./driver.ts";
import { forget, letGo, reserve } from "./function.ts";

/** The function, where its host still has it with vfio-pci. */
function passedThrough(host: Host, name: string): ModelFunction {
  const fn = host.fn(name);
  if (!fn.outside.there || fn.outside.driver === null)
    throw new ScenarioMistake(`The host has not passed "${name}" through any more`);
  return fn;
}

/**
 * The guest is asked for a function, and lets go of it at once. One that it has deconfigured it is not asked for.
 * Ground: QEMU hw/s390x/s390-pci-bus.c, s390_pcihost_unplug_request: in standby it is unplugged there and then.
 */
function askGuest(host: Host, name: string): ModelFunction {
  const fn = passedThrough(host, name);
  if (fn.unplugged !== "no" || fn.removed) throw new ScenarioMistake(`The guest does not have "${name}" any more`);
  if (!fn.configured) {
    closeOnHost(host, fn, true);
    reserve(host, fn);
    return fn;
  }
  if (fn.open !== "no" || fn.group.open || fn.driven !== null || fn.removing) {
    throw new ScenarioMistake(`The host waits until the guest lets go of "${name}": have nobody hold it there`);
  }
  host.say(`${name} available 0x303`);
  letGo(host, fn, true);
  return fn;
}

const asked =
  "drivers/vfio/vfio_main.c, vfio_unregister_group_dev: asks VFIO's user and waits for it; QEMU hw/vfio/pci.c, vfio_req_notifier_handler: " +
  "qdev_unplug, and hw/s390x/s390-pci-bus.c, s390_pcihost_unplug_request: the guest is asked by 0x0303, and QEMU closes the device when it " +
  "has deconfigured the function";

/** The functions that a guest has when it ends. */
function hadAtTheEnd(host: Host): readonly ModelFunction[] {
  const had = Object.values(host.state.functions).filter(({ plugged, outside }) => plugged && outside.open);
  if (had.filter(isResetBySlot).length > 1)
    throw new ScenarioMistake("Which function is reset first where a guest ends is not predicted: have one");
  return had;
}

/** Drivers that a guest's kernel has built in, and what they take. */
const ownDrivers: Readonly<Partial<Record<DeviceKind, string>>> = { nvme: nvmeDriver, "virtio-rng": "virtio-pci" };

/** A guest's machine is reset: each function, and what was asked of it, twice. */
function resetMachine(host: Host): void {
  for (const fn of hadAtTheEnd(host)) {
    if (fn.unplugged === "asked")
      throw new ScenarioMistake(`The guest's QEMU does not survive a reset while it waits for "${fn.profile.name}"`);
    if (isResetBySlot(fn)) for (let time = 0; time < 2; time++) sayReset(host, fn);
    forget(host, fn.profile.name);
    fn.kept = new Map();
    fn.outside.used = false;
  }
}

/** The guest's kernel boots anew: of functions only what its QEMU and their host have is as it was, and media. */
function bootAnew(host: Host): void {
  const { state, profile } = host;
  const before = state.functions;
  const buffers = Object.entries(state.bufferPages).map(([name, pages]) => ({ name, pages }));
  const functions = Object.values(before).map((fn) => fn.profile);
  const { blocks } = state;
  Object.assign(state, initialState({ functions, buffers, profile }), { blocks });
  for (const fn of Object.values(state.functions)) {
    const { plugged, configured, unplugged, lostEntries, outside } = before[fn.profile.name] ?? fn;
    Object.assign(fn, { plugged, configured, unplugged, lostEntries, outside });
    Object.assign(fn, { disabled: !configured, groupNumber: null });
    fn.outside.hidden = [];
  }
  for (const fn of Object.values(state.functions).filter(({ configured }) => configured)) {
    const { name, device } = fn.profile;
    const driver = ownDrivers[device];
    if (driver === undefined) throw new ScenarioMistake(`Which driver takes "${name}" at boot is not predicted`);
    joinGroup(host, name);
    takeByDriver(fn, driver);
  }
}

const resetGround =
  "QEMU hw/s390x/s390-pci-bus.c, s390_pci_device_reset: the table is unregistered, which takes all mappings with it " +
  "(hw/vfio/listener.c, vfio_listener_region_del); hw/vfio/pci.c, vfio_pci_reset: the device is reset by its host " +
  "(VFIO_DEVICE_RESET), and stays the guest's; s390-virtio-ccw.c, s390_machine_reset: both twice, by subsystem_reset, which has the PCI " +
  "host bridge among its devices, and by qemu_devices_reset";

/** Rules of this file. */
export const onHostRules: Rules<HostOperationName | GuestOperationName> = {
  "host-reset-method": {
    ground: "drivers/pci/pci-sysfs.c, reset_method_store: -EINVAL for a method the function does not have",
    predict: (host, { function: name, method }) => {
      const fn = passedThrough(host, name);
      if (method === "flr" && !traitsOf(fn.profile).resets.includes(method)) return fail("EINVAL");
      fn.outside.resetMethod = method;
      return succeed();
    },
  },
  "host-reset": {
    ground:
      "drivers/pci/pci.c, reset_store: nobody is asked who has the device open, and vfio-pci has no reset_prepare; arch/s390/pci/pci.c, " +
      "zpci_hot_reset_device: the table is registered again, with all that the guest's QEMU has mapped",
    predict: (host, { function: name }) => {
      const fn = passedThrough(host, name);
      if (fn.driven !== null)
        throw new ScenarioMistake("What the guest's driver does about a reset behind its back is its own affair");
      resetOnHost(host, fn);
      return succeed();
    },
  },
  "host-unbind": {
    ground: `${asked}; drivers/base/bus.c, unbind_store`,
    predict: (host, { function: name }) => {
      askGuest(host, name).outside.driver = null;
      return succeed();
    },
  },
  "host-recover": {
    ground: `${asked}; arch/s390/pci/pci_sysfs.c, recover_store: remove, disable, enable, scan again, after which no driver is probed here`,
    predict: (host, { function: name }) => {
      const fn = askGuest(host, name);
      fn.outside.driver = null;
      sayOnHost(host, fn, "disable", "enable");
      return succeed();
    },
  },
  "host-remove": {
    ground:
      `${asked}; the guest's kernel waits for its own user likewise (arch/s390/pci/pci.c, zpci_deconfigure_device; vfio_unregister_group_dev), and until ` +
      "then all goes on; on either side sysfs forgets the driver first (drivers/base/dd.c, __device_release_driver)",
    predict: (host, { function: name }) => {
      const fn = passedThrough(host, name);
      if (fn.open !== "cdev" || fn.unplugged !== "no" || fn.removing)
        throw new ScenarioMistake(`Nobody in the guest holds "${name}": have the host unbind it`);
      host.say(`${name} available 0x303`);
      fn.unplugged = "asked";
      fn.driver = null;
      Object.assign(fn.outside, { driver: null, wanted: "waits" });
      return succeed();
    },
  },
  "host-await": {
    ground:
      "drivers/pci/pci-sysfs.c, remove_store, returns when vfio_unregister_group_dev has, for which the guest's QEMU has closed the device " +
      "(hw/vfio/pci.c, vfio_pci_put_device); arch/s390/pci/pci_bus.c, zpci_bus_remove_device is no part of it: the function stays configured",
    predict: (host, { function: name }) => {
      const { outside } = host.fn(name);
      if (outside.wanted !== "comes") throw new ScenarioMistake(`The host would wait for "${name}" for ever`);
      Object.assign(outside, { there: false, wanted: "no" });
      return succeed();
    },
  },
  "host-unplug": {
    ground: `${asked}; arch/s390/pci/pci_event.c, __zpci_event_availability: 0x0303, zpci_deconfigure_device, then 0x0308`,
    predict: (host, { function: name }) => {
      const fn = askGuest(host, name);
      const said = ["available 0x303", "disable", "deconfigure", "available 0x308", "reserved", "removed"];
      sayOnHost(host, fn, ...said);
      Object.assign(fn.outside, { there: false, driver: null });
      return succeed();
    },
  },
  "host-lose": {
    ground: `${asked}; arch/s390/pci/pci_event.c, __zpci_event_availability: 0x0304, zpci_event_hard_deconfigured: the PCI device first, then the function is disabled`,
    predict: (host, { function: name }) => {
      const fn = askGuest(host, name);
      sayOnHost(host, fn, "available 0x304", "disable");
      Object.assign(fn.outside, { there: false, driver: null });
      return succeed();
    },
  },
  "guest-kill": {
    ground:
      "drivers/vfio/pci/vfio_pci_core.c, vfio_pci_core_disable, when the last descriptor is closed: the function is reset; " +
      "drivers/iommu/iommufd/main.c, iommufd_fops_release, and vfio_iommu_type1.c, vfio_iommu_type1_release: nothing of the guest's stays mapped",
    predict: (host) => {
      for (const fn of hadAtTheEnd(host)) closeOnHost(host, fn, false);
      host.ended = true;
      return succeed();
    },
  },
  "guest-reset": {
    ground: resetGround,
    predict: (host) => {
      resetMachine(host);
      host.ended = true;
      return succeed();
    },
  },
  "guest-reboot": {
    ground:
      `${resetGround}; s390_pci_device_reset: a function in standby stays there, any other is configured and disabled; arch/s390/pci/pci.c, ` +
      "zpci_scan_devices: functions are added and scanned in the order of the list, with their own slots, nobody holding their state; " +
      "init/main.c, async_synchronize_full before the first process: drivers that are built in have probed what they know (drivers/nvme/host/pci.c, " +
      "drivers/virtio/virtio_pci_common.c), for nobody has told them not to yet. By the guest itself: kernel/reboot.c, kernel_restart; " +
      "drivers/base/core.c, device_shutdown: vfio-pci, zPCI and s390-iommu have nothing to do there, and drivers of its own stop their devices; it waits for " +
      "the lock of a device that is being taken from its driver; " +
      "arch/s390/kernel/ipl.c, __reipl_run: DIAG 308, load clear; QEMU target/s390x/diag.c, handle_diag_308: S390_RESET_REIPL, which " +
      "s390_machine_reset treats as it does a reset from outside",
    predict: (host, { by }) => {
      const waits = findLocked(host);
      if (by === "guest" && waits !== undefined)
        throw new ScenarioMistake(
          `The guest does not come to its reboot before "${waits.profile.name}" is let go of`,
        );
      resetMachine(host);
      bootAnew(host);
      return succeed();
    },
  },
};
