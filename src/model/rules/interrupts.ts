/** MSI-X interrupts of a function, and errors that its host reports, by eventfds through VFIO. */
import { anything, type Pattern } from "../../compare/pattern.ts";
import { isServed, traitsOf } from "../../trace/device-kinds.ts";
import type { Host } from "../host.ts";
import { ScenarioMistake } from "../scenario-mistake.ts";
import { fail, succeed, type Rules } from "../rule.ts";
import type { ModelFunction } from "../state.ts";

/** Vectors that functions of ours have. */
const vectorCount = 4;

const openFunction = (host: Host, name: string): ModelFunction => {
  const fn = host.fn(name);
  if (fn.open === "no") throw new ScenarioMistake(`Function "${name}" is not open`);
  if (!isServed(fn.profile) || fn.profile.device === "own") {
    throw new ScenarioMistake(`Function "${name}" is a ${fn.profile.device}: nobody says how many vectors it has`);
  }
  if (fn.inError)
    throw new ScenarioMistake(`Function "${name}" is in the error state: its MSI-X table is out of reach`);
  return fn;
};

/** How often the eventfd of a vector that was raised once is signalled. */
function countOf(fn: ModelFunction): Pattern {
  if (!fn.configured || fn.inError || fn.busMaster === "off") return 0;
  return fn.busMaster === "on" ? 1 : { $oneOf: [0, 1] };
}

/** Rules of this file. */
export const interruptRules: Rules<
  "interrupts-enable" | "interrupts-disable" | "errors-enable" | "errors-told" | "interrupt"
> = {
  "interrupts-enable": {
    ground:
      "drivers/vfio/vfio_main.c, vfio_set_irqs_validate_and_prepare: -EINVAL for more vectors than there are; drivers/vfio/pci/vfio_pci_intrs.c, " +
      "vfio_msi_enable; drivers/vfio/vfio_main.c, vfio_device_fops_unl_ioctl: -EINVAL before the device is bound",
    predict: (host, { function: name, vectors }) => {
      const fn = openFunction(host, name);
      if (!fn.inUse || vectors > vectorCount) return fail("EINVAL");
      if (fn.interrupts > 0)
        throw new ScenarioMistake(`Interrupts of "${name}" are enabled already: disable them first`);
      fn.interrupts = vectors;
      return succeed();
    },
  },
  "interrupts-disable": {
    ground: "drivers/vfio/pci/vfio_pci_intrs.c, vfio_pci_set_msi_trigger: -EINVAL where the index is not in use",
    predict: (host, { function: name }) => {
      const fn = openFunction(host, name);
      if (!fn.inUse || fn.interrupts === 0) return fail("EINVAL");
      fn.interrupts = 0;
      return succeed();
    },
  },
  "errors-enable": {
    ground:
      "drivers/vfio/pci/vfio_pci_core.c, vfio_pci_get_irq_count, and drivers/vfio/vfio_main.c, vfio_set_irqs_validate_and_prepare: -EINVAL " +
      "for what is not PCI Express up to 7.2; vfio_device_fops_unl_ioctl: -EINVAL before the device is bound",
    predict: (host, { function: name }) => {
      const fn = host.fn(name);
      if (fn.open === "no") throw new ScenarioMistake(`Function "${name}" is not open`);
      if (fn.errorsTold !== null) throw new ScenarioMistake(`The user of "${name}" is told of errors already`);
      const hasErrors = traitsOf(fn.profile).isExpress || host.kernelIs("7.3");
      if (!fn.inUse || !hasErrors) return fail("EINVAL");
      fn.errorsTold = 0;
      return succeed();
    },
  },
  "errors-told": {
    ground:
      "arch/s390/pci/pci_event.c: a driver is told of an error once where it is recovered from, once where it is not, and twice where that fails " +
      "(zpci_event_notify_error_detected, zpci_event_io_failure); drivers/vfio/pci/vfio_pci_core.c, vfio_pci_core_aer_err_detected",
    predict: (host, { function: name }) => {
      const fn = host.fn(name);
      if (fn.open === "no") throw new ScenarioMistake(`Function "${name}" is not open`);
      const errors = fn.errorsTold;
      if (errors !== null) fn.errorsTold = 0;
      return succeed({ errors: errors === "unknown" ? anything : (errors ?? 0) });
    },
  },
  interrupt: {
    ground:
      "PCI Local Bus Specification 3.0, sections 6.8.3.3 and 6.2.2: an MSI is a write of the function, which bus mastering allows; " +
      "arch/s390/include/asm/msi.h: MSIs are isolated, whatever is attached, so the IOMMU has no part in them; " +
      "drivers/pci/msi/msi.c, __pci_restore_msix_state, and arch/s390/pci/pci.c, zpci_reenable_device: a reset brings them back; " +
      "arch/s390/pci/pci_event.c: a function in the error state writes nothing",
    predict: (host, { function: name, vector }) => {
      const fn = host.fn(name);
      if (!isServed(fn.profile)) throw new ScenarioMistake(`Function "${name}" has no device end of ours`);
      const delivered: Pattern[] = Array.from({ length: fn.interrupts }, () => 0);
      if (!fn.end.connected) return succeed({ completion: "gone", delivered });
      // Whether a device knows that nobody wants a vector is its own affair.
      if (vector >= fn.interrupts) return succeed({ completion: { $oneOf: ["raised", "silent"] }, delivered });
      delivered[vector] = countOf(fn);
      return succeed({ completion: "raised", delivered });
    },
  },
};
