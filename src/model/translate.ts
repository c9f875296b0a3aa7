/** What becomes of one page of DMA. */
import { pageSize } from "../zpci/iova.ts";
import type { DmaAnswer } from "./dma-answer.ts";
import type { Host } from "./host.ts";
import { isSameTranslation } from "./reached-table.ts";
import { raiseError } from "./recovery.ts";
import { ScenarioMistake } from "./scenario-mistake.ts";
import { tableLast } from "../zpci/aperture.ts";
import { registeredOf, type ModelFunction, type Translation } from "./state.ts";

/**
 * One page of DMA.
 * Contract: translated by the table registered for the function; what that does not allow is blocked and puts the
 * function into the error state (seed 004: "blocked and will lead to the PCI device being isolated (put into an error
 * state)"; error event codes as QEMU's include/hw/s390x/s390-pci-bus.h names the architecture's). A function whose command
 * register says that it may not be bus master does no DMA (PCI Local Bus Specification, section 6.2.2).
 */
export function translate(host: Host, fn: ModelFunction, iova: bigint, access: "read" | "write"): DmaAnswer {
  if (fn.inError || fn.disabled || fn.busMaster === "off") return { refused: "silently" };
  requireUsualTable(host, fn);
  // Enabled again, and no table registered yet (arch/s390/pci/pci.c, zpci_reenable_device).
  const isBetween = host.inside.interrupted.get(fn.profile.name) === "unregistered";
  if (registeredOf(fn) === null || isBetween) return refuse(host, fn, null, host.has("blocked-dma-silent"));
  const { aperture } = host.reachOf(fn);
  if (iova > aperture.last) return refuse(host, fn, "0x2", host.has("dma-above-aperture-silent"));
  if (iova < aperture.first) return refuse(host, fn, "0x2");
  if (fn.outside.hidden.includes(iova - (iova % pageSize))) return refuse(host, fn, "0x4");
  const translation = findTranslation(host, fn, iova - (iova % pageSize));
  if (translation === undefined || !translation[access]) return refuse(host, fn, "0x4");
  return { page: translation.page };
}

/** QEMU translates by region-third tables, which it is told of by RPCIT, and knows no function without translation. */
function requireUsualTable(host: Host, { profile, domain, offer, onDefault, defaultType }: ModelFunction): void {
  const isGreater = domain !== null && host.domain(domain).last > tableLast;
  if (!isGreater && offer.refresh && !(onDefault && defaultType === "identity")) return;
  throw new ScenarioMistake(
    `QEMU does not translate DMA of "${profile.name}" as its platform is said to: have it do none`,
  );
}

/**
 * What a page is translated to. Between a change of the table and the RPCIT that tells of it both are right: the entry as it
 * was, which the function may have kept, and the entry as it is. The former is the usual one.
 * Ground: drivers/iommu/iommu.c, iommu_unmap: pages are given up when iommu_iotlb_sync has ended, not before;
 * arch/s390/pci/pci_insn.c, zpci_refresh_trans (Refresh PCI Translations).
 */
function findTranslation(host: Host, fn: ModelFunction, page: bigint): Translation | undefined {
  const before = host.inside.knownBefore(fn.profile.name, page);
  const isKept = before !== undefined && host.choose(2) === 0;
  const known = isKept ? (before ?? undefined) : (fn.kept.get(page) ?? host.tableOf(fn).get(page));
  const shadow = fn.shadow.get(page);
  return isSameTranslation(known, shadow) || !host.has("shadow-by-rpcit") ? known : shadow;
}

function refuse(host: Host, fn: ModelFunction, pec: string | null, silently = false): DmaAnswer {
  // What the guest's own QEMU would keep quiet about, the host's IOMMU refuses: there the function has a table all the time.
  if (host.profile.host !== undefined) host.refuseOnHost(fn, host.has("error-stops-guest"));
  else if (silently) return { refused: "silently" };
  if (host.stopped) return { refused: "silently" };
  raiseError(host, fn, pec);
  return { refused: { pec } };
}
