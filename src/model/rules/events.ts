/** Events that the platform tells of, and what a kernel makes of each, whatever the function itself is like. */
import type { EventCode } from "../../operation/event-fields.ts";
import { tableLast, usualOffer } from "../../zpci/aperture.ts";
import type { Host } from "../host.ts";
import { ask, callResult, disableFunction, enableFunction, registerDefault } from "../platform.ts";
import { handleError, tellDriver } from "../recovery.ts";
import { succeed, type Rules } from "../rule.ts";
import { ScenarioMistake } from "../scenario-mistake.ts";
import type { ModelFunction } from "../state.ts";
import { joinGroup } from "./domain.ts";
import { findMethods, forget, powerOff, sayOf } from "./function.ts";

/** Error events that concern measurement, and those that say that nothing can be done any more. */
const measurement: readonly EventCode[] = ["0x002a", "0x002b", "0x002c"];
const permanent: readonly EventCode[] = ["0x003b", "0x0040"];

/** As the kernel prints it. */
const spell = (code: EventCode): string => `0x${Number(code).toString(16)}`;

/** Whether the PCI core has the function. */
const isThere = (fn: ModelFunction): boolean => fn.configured && !fn.removed;

/**
 * An error event.
 * Ground: arch/s390/pci/pci_event.c, __zpci_event_error: one with a stale handle is passed over, one of a function that the PCI core
 * does not have is told of and that is all; 0x2a to 0x2c concern measurement; 0x3b and 0x40 are permanent failures
 * (zpci_event_io_failure); whatever else is recovered from, unless it was given up before.
 */
function tellOfError(host: Host, fn: ModelFunction, code: EventCode, stale: boolean): void {
  const { name } = fn.profile;
  const isKnown = fn.plugged && fn.takenFor !== "unknown";
  if (stale && isKnown) {
    host.say(`${name} error ${spell(code)} stale`);
    return;
  }
  const isRecoverable = !measurement.includes(code) && !permanent.includes(code);
  if (fn.driven !== null) throw new ScenarioMistake("What the kernel's driver does about an error is its own affair");
  if (isThere(fn) && isRecoverable) {
    handleError(host, fn, spell(code), false);
    return;
  }
  host.say(`${name} error ${spell(code)}`);
  if (!isThere(fn) || !permanent.includes(code)) return;
  fn.givenUp = true;
  tellDriver(fn);
}

/** The kernel asks what a function is that it does not know, and adds it; false where it gets no answer. */
function create(host: Host, fn: ModelFunction): boolean {
  const { name } = fn.profile;
  const told = ask(host, { instruction: "clp", command: "query", of: name });
  const group =
    fn.plugged && callResult(told) === 0 ? ask(host, { instruction: "clp", command: "query-group", of: null }) : null;
  if (!fn.plugged || callResult(told) !== 0 || callResult(group) !== 0) {
    host.say(`${name} create rc=-5`);
    return false;
  }
  const says = { ...told?.says, ...group?.says };
  fn.offer = {
    sdma: says.sdma === undefined ? usualOffer.sdma : BigInt(says.sdma),
    edma: says.edma === undefined ? usualOffer.edma : BigInt(says.edma),
    dtsm: says.dtsm === undefined ? usualOffer.dtsm : Number(says.dtsm),
    refresh: says.refresh ?? usualOffer.refresh,
    relaxed: says.relaxed ?? usualOffer.relaxed,
  };
  host.say(`${name} add`);
  return true;
}

/** The kernel takes the function into use. `locked`: the function's state is, so that its slot cannot be asked for a reset. */
function scan(host: Host, fn: ModelFunction, locked: boolean): void {
  const { name } = fn.profile;
  fn.takenFor = null;
  fn.configured = true;
  if (enableFunction(host, fn, sayOf(host, name)) !== "OK") {
    fn.removed = true;
    return;
  }
  findMethods(host, name, locked);
  if (!canBeAttached(host, fn)) return;
  joinGroup(host, name);
  registerDefault(host, fn);
}

/**
 * Whether the table of the function's default domain reaches where its DMA begins; where none does it has no IOMMU group.
 * Ground: drivers/iommu/s390-iommu.c, s390_domain_alloc_paging: the smallest table that reaches as far as the aperture; drivers/iommu/iommu.c,
 * iommu_setup_default_domain: "Drivers are not allowed to fail the first domain attach". Quirk: ZPCI_TABLE_SIZE_RT - start_dma is
 * less than nothing, so without a sign more than any aperture, and s390_iommu_attach_device warns of the domain that was made for the function.
 */
function canBeAttached(host: Host, fn: ModelFunction): boolean {
  const { sdma } = fn.offer;
  if (sdma > host.reachOf(fn).tableLast) {
    throw new ScenarioMistake(
      `No table that the platform offers reaches where the DMA of "${fn.profile.name}" begins`,
    );
  }
  if (sdma <= tableLast || !host.has("short-table-for-distant-start")) return true;
  host.alarms = { $not: [] };
  return false;
}

/** A function that the platform has taken away: PCI device, enabled state and all that is left of its table are cleaned up. */
function lose(host: Host, fn: ModelFunction): void {
  const { name } = fn.profile;
  forget(host, name);
  if (!fn.disabled) disableFunction(host, fn, sayOf(host, name));
  fn.configured = false;
  fn.removed = false;
  fn.takenFor = "standby";
}

/** What an event has the kernel do to a function that VFIO's user has let go of. */
export function leave(host: Host, fn: ModelFunction): void {
  const { leaves } = fn;
  fn.leaves = null;
  if (leaves === "deconfigured") powerOff(host, fn);
  if (leaves === "lost") lose(host, fn);
}

/** It has to be taken from its driver first, which waits for VFIO's user. */
function takeAway(host: Host, fn: ModelFunction, how: NonNullable<ModelFunction["leaves"]>): void {
  const { name } = fn.profile;
  if (fn.group.open) throw new ScenarioMistake(`Group of "${name}" is open: what becomes of it is not predicted`);
  if (fn.leaves !== null || fn.removing) throw new ScenarioMistake(`Function "${name}" is about to leave already`);
  fn.leaves = how;
  if (fn.open === "no") {
    leave(host, fn);
    return;
  }
  fn.driver = null;
  if (how === "lost") fn.givenUp = true;
}

/**
 * An event that tells of availability.
 * Ground: arch/s390/pci/pci_event.c, __zpci_event_availability, case by case.
 */
function tellOfAvailability(host: Host, fn: ModelFunction, code: EventCode): void {
  const { name } = fn.profile;
  host.say(`${name} available ${spell(code)}`);
  const isUnknown = !fn.plugged || fn.takenFor === "unknown";
  if (fn.removed)
    throw new ScenarioMistake(`The PCI core has lost "${name}": what an event does then is not predicted`);
  if (fn.plugged && !fn.configured && fn.takenFor === null) {
    throw new ScenarioMistake(
      `"${name}" is in standby to the hypervisor as well, which does not say such a thing then`,
    );
  }
  switch (code) {
    case "0x0301":
      if (isUnknown && create(host, fn)) scan(host, fn, false);
      else if (!isUnknown && fn.takenFor === "standby") scan(host, fn, true);
      return;
    case "0x0302":
      if (isUnknown && create(host, fn)) fn.takenFor = "standby";
      return;
    case "0x0303":
      if (fn.configured) takeAway(host, fn, "deconfigured");
      return;
    case "0x0304":
      if (fn.configured) takeAway(host, fn, "lost");
      return;
    case "0x0306":
      // arch/s390/pci/pci.c, zpci_scan_devices: whatever is listed and not known is added, and all that is configured enabled.
      for (const each of Object.values(host.state.functions)) {
        if (each.plugged && each.takenFor === "unknown" && create(host, each)) scan(host, each, false);
      }
      return;
    default:
      if (fn.configured) throw new ScenarioMistake(`"${name}" is in use: a platform does not reserve it then`);
      if (isUnknown) return;
      host.say(`${name} reserved`, `${name} removed`);
      fn.takenFor = "unknown";
  }
}

/** Rules of this file. */
export const eventRules: Rules<"event"> = {
  event: {
    ground:
      "arch/s390/pci/pci_event.c, __zpci_event_error and __zpci_event_availability; Documentation/arch/s390/pci.rst; what was told of " +
      'and is not so changes nothing ("the configuration request may be stale"), and what a function that is held is told waits until ' +
      "it is closed (drivers/vfio/vfio_main.c, vfio_unregister_group_dev)",
    predict: (host, { function: name, code, stale }) => {
      const fn = host.fn(name);
      if (Number(code) >= 0x300) {
        if (stale)
          throw new ScenarioMistake("An availability event brings the function's handle: stale is for errors");
        if (fn.driven !== null)
          throw new ScenarioMistake("What the kernel's driver does about that is its own affair");
        tellOfAvailability(host, fn, code);
      } else tellOfError(host, fn, code, stale);
      return succeed();
    },
  },
};
