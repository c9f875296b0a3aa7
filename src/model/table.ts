/** Entering mappings into a domain's table and taking them out, with what its functions are told of it. */
import { flushPoints, type InterjectionResult } from "../operation/during.ts";
import type { InsideOperation } from "../operation/operation.ts";
import { pageSize, pagesOf } from "../zpci/iova.ts";
import type { Host } from "./host.ts";
import { exceedsEntries } from "./entries.ts";
import { ScenarioMistake } from "./scenario-mistake.ts";
import { handleDue, mayRaiseAgain, raiseError } from "./recovery.ts";
import { isOutside, refresh, type Flushed } from "./refresh.ts";
import {
  isOnOwn,
  registeredOf,
  type Area,
  type Bounds,
  type Domain,
  type ModelFunction,
  type Translation,
} from "./state.ts";

const add = (bounds: Bounds, low: number, high = low): void => {
  bounds.low += low;
  bounds.high += high;
};

/** What a page was translated to before; null where it was not. */
export type Entries = ReadonlyMap<bigint, Translation | null>;

/** An RPCIT tells a function of an entry. */
export function tell(member: ModelFunction, iova: bigint, translation: Translation): void {
  member.shadow.set(iova, translation);
  member.outside.hidden = member.outside.hidden.filter((each) => each !== iova);
  member.kept.delete(iova);
}

/** An RPCIT tells a function that there are no such entries. */
export function forget(member: ModelFunction, pages: readonly bigint[]): void {
  for (const iova of pages) {
    member.shadow.delete(iova);
    member.kept.delete(iova);
  }
}

/**
 * Enter an area into a domain's table and flush each member: `OK`, or the errno the caller gets after the roll-back.
 * Ground: drivers/iommu/iommu.c, iommu_map: iommu_map_nosync for a physically contiguous run, then iotlb_sync_map, and
 * iommu_unmap of the run on its error; s390_iommu_map_pages and s390_iommu_iotlb_sync_map for the counters.
 */
export function mapInto(host: Host, id: string, area: Area, eachPageAlone: boolean): string {
  const domain = host.domain(id);
  const pages = pagesOf(area.iova, area.length);
  const one = eachPageAlone || pages.length === 1;
  const entries = pages.map((iova, index): [bigint, Translation] => [
    iova,
    {
      page: `${area.buffer}[${String(area.offset / pageSize + BigInt(index))}]`,
      read: area.read || host.has("write-only-readable"),
      write: area.write,
    },
  ]);
  // s390_iommu_iotlb_sync_map passes over those of which nobody wants to be told what becomes valid.
  const members = domain.members.map((each) => host.fn(each)).filter(({ offer }) => offer.refresh);
  for (const each of members) handleDue(host, each);
  const { counters } = domain;
  const apertures = members.map((each) => host.reachOf(each).aperture);
  const outside = pages.findIndex((iova) => apertures.some(({ first, last }) => iova < first || iova > last));
  const refusing = members.filter((each) => each.inError);
  const failed = refusing.length > 0 ? 0 : outside;
  // One flush of one page after the other is looked at.
  const isDelicate =
    host.inside.awaits(flushPoints) ||
    host.answers.awaited.includes("rpcit") ||
    members.some((each) => registeredOf(each) !== each.domain) ||
    // What the other members answer counts as well.
    (refusing.length > 0 && members.length > 1 && pages.length === 1 && outside < 0);
  if (failed >= 0 && members.length > 0 && isDelicate && !host.inside.awaits(flushPoints) && outside >= 0) {
    throw new ScenarioMistake("A page outside the aperture ends in an error of its own: map one inside");
  }
  if (!isDelicate && failed >= 0 && members.length > 0) {
    // The run with the failing page is taken back, and what was mapped before it; nothing after it is tried. Runs before it
    // are unknown, unless pages go one by one.
    const before = failed > 0 ? 1 : 0;
    add(counters.mapped, failed + 1, one ? failed + 1 : pages.length);
    add(counters.unmapped, failed + 1, one ? failed + 1 : pages.length);
    add(counters.syncMapRpcits, (one ? failed + 1 : 1) * members.length, (failed + 1) * members.length);
    add(counters.syncRpcits, (one ? 1 + before : 1) * members.length, (1 + before) * members.length);
    if (refusing.length > 0) return "EIO";
    for (const each of members) raiseError(host, each, "0x2");
    // Taking the page back sends an RPCIT for the same range: another event where the function has recovered by then.
    for (const each of members) mayRaiseAgain(host, each, "0x2");
    for (const each of members) mayKeep(host, each, entries.slice(0, failed));
    return "EIO";
  }
  if (members.some((each) => exceedsEntries(host, each, pages.length))) {
    // The run is taken back after a flush of everything that gave nothing free; how pages make runs decides what is counted.
    if (pages.length > 1 || members.length > 1 || isDelicate) {
      throw new ScenarioMistake("Entries run short: map one page at a time there, for one function");
    }
    for (const each of ["mapped", "syncMapRpcits", "unmapped", "syncRpcits"] as const) add(counters[each], 1);
    return "ENOMEM";
  }
  add(counters.mapped, pages.length);
  if (isDelicate) return mapPointByPoint(host, domain, entries);
  add(counters.syncMapRpcits, (one ? pages.length : 1) * members.length, pages.length * members.length);
  for (const [iova, translation] of entries) {
    domain.table.set(iova, translation);
    for (const member of members) tell(member, iova, translation);
  }
  for (const member of members) host.devices.hear(member, "map");
  return "OK";
}

/**
 * What was mapped before the page that put the function into the error state is taken back, too; a function that is not out of it by
 * then takes no flush.
 * Ground: drivers/iommu/iommufd/pages.c, batch_to_domain: where a run cannot be mapped, iommu_unmap_nofail of all before it;
 * drivers/iommu/iommu.c, iommu_map: iommu_unmap of the run itself. Contract: what was taken back is out of reach. Quirk: s390-iommu.c,
 * s390_iommu_iotlb_sync drops what zpci_refresh_trans returns, and rpcit_service_call (QEMU hw/s390x/s390-pci-inst.c) refuses a function
 * in the error state, which is why the platform still knows of the pages.
 */
function mayKeep(host: Host, member: ModelFunction, entries: readonly (readonly [bigint, Translation])[]): void {
  if (entries.length === 0 || !host.has("flush-lost-in-error-state") || host.choose(2) === 0) return;
  for (const [iova, translation] of entries) {
    tell(member, iova, translation);
    member.kept.set(iova, translation);
  }
}

/**
 * Enter one page while something is to be done at the points passed.
 * Ground: s390-iommu.c, s390_iommu_iotlb_sync_map: each member in turn, newest first. Contract (seed 003: "we do need error
 * returns from the IOTLB"): what a member could not be told of is not mapped. Quirk: the last member's answer is the answer.
 */
function mapPointByPoint(host: Host, domain: Domain, entries: readonly (readonly [bigint, Translation])[]): string {
  const [entry] = entries;
  if (entry === undefined || entries.length > 1) {
    throw new ScenarioMistake(
      "How often a mapping is flushed depends on where its pages lie: map one page at a time",
    );
  }
  const [iova, translation] = entry;
  domain.table.set(iova, translation);
  const results: Flushed[] = [];
  flushMembers(host, domain, new Map([[iova, null]]), (member) => {
    if (!member.offer.refresh) return true;
    add(domain.counters.syncMapRpcits, 1);
    const result = refresh(host, member, [iova], () => {
      tell(member, iova, translation);
      host.devices.hear(member, "map");
    });
    results.push(result === "ENOMEM" ? refreshAll(host, member, domain) : result);
    return result !== "ENOMEM" || results.at(-1) === "OK";
  });
  const failed = host.has("map-error-of-others-lost") ? results.at(-1) : results.find((each) => each !== "OK");
  if (failed === undefined || failed === "OK") return "OK";
  takeOut(host, domain, [iova]);
  return failed;
}

/**
 * Tells a function of its whole table, for the hypervisor to find what it may let go of.
 * Ground: s390-iommu.c, zpci_refresh_all, in s390_iommu_iotlb_sync_map: "let the hypervisor discover invalidated entries allowing
 * it to free IOVAs and unpin pages"; seed 003: the flush of everything is the retry. It is not counted.
 */
const refreshAll = (host: Host, member: ModelFunction, domain: Domain): Flushed =>
  refresh(host, member, [], () => {
    member.shadow = new Map(domain.table);
    member.kept = new Map();
    host.devices.hear(member, "map");
  });

/**
 * Take an area out of a domain's table, one flush of each member.
 * Ground: drivers/iommu/iommu.c, iommu_unmap: one gather and one iotlb_sync per call; s390_iommu_iotlb_sync.
 */
export function unmapFrom(host: Host, id: string, area: Area, pieces = 1): void {
  takeOut(host, host.domain(id), pagesOf(area.iova, area.length), pieces);
}

/** Pages may be taken out in several pieces, which is as many flushes. */
function takeOut(host: Host, domain: Domain, pages: readonly bigint[], pieces = 1): void {
  if (pieces > 1 && (host.inside.awaits(flushPoints) || host.answers.awaited.includes("rpcit"))) {
    throw new ScenarioMistake("How often it is flushed depends on where its pages lie: unmap what has no copies");
  }
  host.inside.pass("before-invalidate", null);
  add(domain.counters.unmapped, pages.length);
  const before = new Map(pages.map((iova) => [iova, domain.table.get(iova) ?? null]));
  for (const iova of pages) domain.table.delete(iova);
  flushMembers(host, domain, before, (member) => {
    add(domain.counters.syncRpcits, 1, pieces);
    const flushed = { isTold: false };
    refresh(host, member, pages, () => {
      flushed.isTold = true;
      host.devices.hear(member, "unmap");
      forget(member, pages);
    });
    if (!flushed.isTold) missFlush(host, member, before);
    return true;
  });
}

/**
 * A function was not told of entries that are gone. Contract (include/uapi/linux/iommufd.h, IOMMU_IOAS_UNMAP): what is unmapped is out
 * of reach, whatever the platform says. Quirks: s390-iommu.c, s390_iommu_iotlb_sync, does not look at what zpci_refresh_trans
 * returns.
 */
export function missFlush(host: Host, member: ModelFunction, before: Entries): void {
  const keeps = host.has(member.inError ? "flush-lost-in-error-state" : "refused-flush-leaves-page");
  if (!keeps || registeredOf(member) === null) {
    forget(member, [...before.keys()]);
    return;
  }
  for (const [iova, entry] of before) {
    // What it was never told of it does not keep.
    if (entry !== null && (member.inError || member.shadow.has(iova))) member.kept.set(iova, entry);
  }
}

/**
 * Another thread's flush of a function, at a point of this operation.
 * Ground: s390-iommu.c, s390_iommu_iotlb_sync, under RCU: a function may have left the list meanwhile, or be in the middle of a
 * reset. Contract (seed 004): "once the zpci_unregister_ioat() is executed all subsequent and ongoing IOTLB flushes should return
 * an error code without further adverse effects". Quirk: without a table it is an error event. Outside the aperture it is one, as for
 * DMA, and of a function that is disabled nothing comes (QEMU hw/s390x/s390-pci-inst.c, rpcit_service_call: ZPCI_FS_DISABLED).
 */
export function flushAtPoint(
  host: Host,
  { function: name, iova, length }: Extract<InsideOperation, { readonly op: "flush" }>,
): InterjectionResult {
  const fn = host.fn(name);
  const state = host.inside.interrupted.get(name);
  if (fn.inError || !fn.configured || fn.disabled) return "refused";
  const registered =
    state === "unregistered"
      ? null
      : (registeredOf(fn) ?? (isOnOwn(fn) && fn.defaultType !== "identity" ? "default" : null));
  const pages = pagesOf(BigInt(iova), BigInt(length));
  if (registered === null || isOutside(host, fn, pages)) {
    const pec = registered === null ? "0x1" : "0x2";
    if (pec === "0x2" || host.has("flush-without-table-is-an-error")) raiseError(host, fn, pec, false);
    return "refused";
  }
  const { table } = registered === "default" ? { table: new Map<bigint, Translation>() } : host.domain(registered);
  host.inside.settle(name, pages);
  for (const page of pages) {
    const translation = table.get(page);
    if (translation === undefined) forget(fn, [page]);
    else tell(fn, page, translation);
  }
  return "success";
}

/**
 * Each member is told of changed entries by RPCIT in its turn, until one has it end; until then it may know them as they were
 * before.
 */
export function flushMembers(
  host: Host,
  domain: Domain,
  before: Entries,
  flush: (member: ModelFunction) => boolean,
): void {
  for (const name of domain.members) host.inside.change(name, before);
  for (const name of domain.members) {
    host.inside.pass("before-flush", name);
    const goesOn = flush(host.fn(name));
    host.inside.settle(name, before.keys());
    host.inside.pass("after-flush", name);
    if (!goesOn) return;
  }
}
