/** What is done to a function on the host of the guest that has it, and to the guest as a whole. */
import type { GuestOperationName, HostOperationName } from "../../operation/host-fields.ts";
import { traitsOf } from "../../trace/device-kinds.ts";
import type { Host } from "../host.ts";
import { ScenarioMistake } from "../scenario-mistake.ts";
import { fail, succeed, type Rules } from "../rule.ts";
import type { ModelFunction } from "../state.ts";
import { closeOnHost, isResetBySlot, resetOnHost, sayOnHost, sayReset } from "../outside.ts";
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
    ground:
      "QEMU hw/s390x/s390-pci-bus.c, s390_pci_device_reset: the table is unregistered, which takes all mappings with it " +
      "(hw/vfio/listener.c, vfio_listener_region_del); hw/vfio/pci.c, vfio_pci_reset: the device is reset by its host " +
      "(VFIO_DEVICE_RESET), and stays the guest's; s390-virtio-ccw.c, s390_machine_reset: both twice, by subsystem_reset, which has the PCI " +
      "host bridge among its devices, and by qemu_devices_reset",
    predict: (host) => {
      for (const fn of hadAtTheEnd(host)) {
        if (fn.unplugged === "asked")
          throw new ScenarioMistake(
            `The guest's QEMU does not survive a reset while it waits for "${fn.profile.name}"`,
          );
        if (isResetBySlot(fn)) for (let time = 0; time < 2; time++) sayReset(host, fn);
        forget(host, fn.profile.name);
        fn.kept = new Map();
        fn.outside.used = false;
      }
      host.ended = true;
      return succeed();
    },
  },
};
