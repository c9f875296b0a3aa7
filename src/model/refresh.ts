/** Refresh PCI Translations: a function is told of entries of its table, and what comes of that. */
import { describeEvent } from "./dma-answer.ts";
import type { Host } from "./host.ts";
import { ask } from "./platform.ts";
import { handleDue, raiseError } from "./recovery.ts";
import { ScenarioMistake } from "./scenario-mistake.ts";
import { pageSize, toHex } from "../zpci/iova.ts";
import { registeredOf, type ModelFunction } from "./state.ts";

/** What comes of an RPCIT. */
export type Flushed = "OK" | "EIO" | "ENOMEM";

/** Statuses of RPCIT that say that the hypervisor is out of resources. */
const outOfResources: readonly number[] = [4, 16];

/**
 * Tells a function by RPCIT, unless it, or who answers in its place, refuses.
 * Ground: arch/s390/pci/pci_insn.c, zpci_refresh_trans: condition code 1 with status 4 or 16 is -ENOMEM, all else -EIO; QEMU
 * hw/s390x/s390-pci-inst.c, rpcit_service_call: none in the error state, none while disabled, an error event without a table, and one
 * of its own (ERR_EVENT_OORANGE) where all of it is outside the aperture.
 */
export function refresh(host: Host, member: ModelFunction, pages: readonly bigint[], flush: () => void): Flushed {
  handleDue(host, member);
  const told = ask(host, { instruction: "rpcit", of: member.profile.name });
  const done = told === null || told.done ? refreshOnPlatform(host, member, pages, flush) : "EIO";
  if (told === null) return done;
  if (told.cc === 0) return "OK";
  return told.cc === 1 && outOfResources.includes(told.status) ? "ENOMEM" : "EIO";
}

/** What the platform itself has to say to it. */
function refreshOnPlatform(
  host: Host,
  member: ModelFunction,
  pages: readonly bigint[],
  flush: () => void,
): "OK" | "EIO" {
  if (member.inError || member.disabled) return "EIO";
  if (registeredOf(member) === null) {
    if (host.has("flush-without-table-is-an-error")) raiseOnce(host, member, "0x1");
    return "EIO";
  }
  requireOwnTable(member);
  if (isOutside(host, member, pages)) {
    raiseOnce(host, member, "0x2");
    return "EIO";
  }
  flush();
  return "OK";
}

/**
 * An RPCIT has the platform read the table that is registered, whatever the kernel takes for that.
 * Ground: QEMU hw/s390x/s390-pci-inst.c, rpcit_service_call walks from g_iota; s390-iommu.c, s390_domain_free has the tables of a domain
 * that nobody is attached to freed, for anybody to write there what he likes.
 * @throws ScenarioMistake where that is one that was left registered
 */
function requireOwnTable({ profile, left, domain }: ModelFunction): void {
  if (left === null || left === domain) return;
  throw new ScenarioMistake(
    `"${profile.name}" has another table registered than it is attached to, which may be freed: map and unmap nothing there`,
  );
}

/**
 * Whether all of what an RPCIT is about is outside the aperture, which is an error event.
 * Ground: QEMU hw/s390x/s390-pci-inst.c, rpcit_service_call: ERR_EVENT_OORANGE.
 * @throws ScenarioMistake for what ends where the aperture begins, which QEMU takes for something inside ("end < pba")
 */
export function isOutside(host: Host, fn: ModelFunction, pages: readonly bigint[]): boolean {
  const { first, last } = host.reachOf(fn).aperture;
  if (pages.length === 0 || pages.some((iova) => iova >= first && iova <= last)) return false;
  if (!pages.includes(first - pageSize)) return true;
  throw new ScenarioMistake(`Whether a flush that ends at ${toHex(first)} concerns the aperture is not predicted`);
}

/** Whether the kernel has handled the event of one flush before the next one is the scheduler's affair: a thread does that. */
function raiseOnce(host: Host, member: ModelFunction, pec: "0x1" | "0x2"): void {
  const event = describeEvent(member.profile.name, pec);
  if (host.messages.includes(event)) {
    const why = pec === "0x1" ? "without a table" : "outside the aperture";
    throw new ScenarioMistake(
      `A second flush ${why} may come before the event of the first is handled: map or unmap one page`,
    );
  }
  raiseError(host, member, pec);
}
