/** Entering mappings into a domain's table and taking them out, with what its functions are told of it. */
import { flushPoints, type InterjectionResult } from "../operation/during.ts";
import type { InsideOperation } from "../operation/operation.ts";
import { pageSize, pagesOf } from "../zpci/iova.ts";
import { ScenarioMistake, type Host } from "./host.ts";
import { mayRaiseAgain, raiseError } from "./recovery.ts";
import type { Area, Bounds, Domain, ModelFunction, Translation } from "./state.ts";

const add = (bounds: Bounds, low: number, high = low): void => {
  bounds.low += low;
  bounds.high += high;
};

/** What a page was translated to before; null where it was not. */
type Entries = ReadonlyMap<bigint, Translation | null>;

/** An RPCIT tells a function of an entry. */
function tell(member: ModelFunction, iova: bigint, translation: Translation): void {
  member.shadow.set(iova, translation);
  member.kept.delete(iova);
}

/** An RPCIT tells a function that there are no such entries. */
function forget(member: ModelFunction, pages: readonly bigint[]): void {
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
  const members = domain.members.map((each) => host.fn(each));
  const { counters } = domain;
  const outside = pages.findIndex((iova) => iova < host.aperture.first || iova > host.aperture.last);
  const refusing = members.filter((each) => each.inError);
  const failed = refusing.length > 0 ? 0 : outside;
  if (failed >= 0 && members.length > 0) {
    // The run with the failing page is taken back, and what was mapped before it; nothing after it is tried. Runs before it
    // are unknown, unless pages go one by one.
    const before = failed > 0 ? 1 : 0;
    add(counters.mapped, failed + 1, one ? failed + 1 : pages.length);
    add(counters.unmapped, failed + 1, one ? failed + 1 : pages.length);
    add(counters.syncMapRpcits, (one ? failed + 1 : 1) * members.length, (failed + 1) * members.length);
    add(counters.syncRpcits, (one ? 1 + before : 1) * members.length, (1 + before) * members.length);
    if (refusing.length === 0) for (const each of members) raiseError(host, each, "0x2");
    // Taking the page back sends an RPCIT for the same range: another event where the function has recovered by then.
    const [only] = members;
    if (refusing.length === 0 && members.length === 1 && only !== undefined) mayRaiseAgain(host, only, "0x2");
    return "EIO";
  }
  add(counters.mapped, pages.length);
  if (host.inside.awaits(flushPoints)) return mapPointByPoint(host, domain, entries);
  add(counters.syncMapRpcits, (one ? pages.length : 1) * members.length, pages.length * members.length);
  for (const [iova, translation] of entries) {
    domain.table.set(iova, translation);
    for (const member of members) tell(member, iova, translation);
  }
  for (const member of members) host.devices.hear(member, "map");
  return "OK";
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
  const refusals: boolean[] = [];
  flushMembers(host, domain, new Map([[iova, null]]), (member) => {
    add(domain.counters.syncMapRpcits, 1);
    refusals.push(member.inError);
    if (member.inError) return;
    tell(member, iova, translation);
    host.devices.hear(member, "map");
  });
  const failed = host.has("map-error-of-others-lost") ? refusals.at(-1) : refusals.includes(true);
  if (failed !== true) return "OK";
  takeOut(host, domain, [iova]);
  return "EIO";
}

/**
 * Take an area out of a domain's table, one flush of each member.
 * Ground: drivers/iommu/iommu.c, iommu_unmap: one gather and one iotlb_sync per call; s390_iommu_iotlb_sync.
 */
export function unmapFrom(host: Host, id: string, area: Area): void {
  takeOut(host, host.domain(id), pagesOf(area.iova, area.length));
}

function takeOut(host: Host, domain: Domain, pages: readonly bigint[]): void {
  host.inside.pass("before-invalidate", null);
  add(domain.counters.unmapped, pages.length);
  const before = new Map(pages.map((iova) => [iova, domain.table.get(iova) ?? null]));
  for (const iova of pages) domain.table.delete(iova);
  flushMembers(host, domain, before, (member) => {
    add(domain.counters.syncRpcits, 1);
    // A function in the error state takes no RPCIT (QEMU hw/s390x/s390-pci-inst.c, rpcit_service_call).
    if (!member.inError) host.devices.hear(member, "unmap");
    if (!member.inError || !host.has("flush-lost-in-error-state")) forget(member, pages);
    else for (const [iova, entry] of before) if (entry !== null) member.kept.set(iova, entry);
  });
}

/**
 * Another thread's flush of a function, at a point of this operation.
 * Ground: s390-iommu.c, s390_iommu_iotlb_sync, under RCU: a function may have left the list meanwhile, or be in the middle of a
 * reset. Contract (seed 004): "once the zpci_unregister_ioat() is executed all subsequent and ongoing IOTLB flushes should return
 * an error code without further adverse effects". Quirk: without a table it is an error event.
 */
export function flushAtPoint(
  host: Host,
  { function: name, iova, length }: Extract<InsideOperation, { readonly op: "flush" }>,
): InterjectionResult {
  const fn = host.fn(name);
  const state = host.inside.interrupted.get(name);
  if (fn.inError || !fn.configured || state === "disabled") return "refused";
  if (fn.domain === null || state === "unregistered") {
    if (host.has("flush-without-table-is-an-error")) raiseError(host, fn, "0x1");
    return "refused";
  }
  const { table } = host.domain(fn.domain);
  const pages = pagesOf(BigInt(iova), BigInt(length));
  host.inside.settle(name, pages);
  for (const page of pages) {
    const translation = table.get(page);
    if (translation === undefined) forget(fn, [page]);
    else tell(fn, page, translation);
  }
  return "success";
}

/** Each member is told of changed entries by RPCIT in its turn; until then it may know them as they were before. */
function flushMembers(host: Host, domain: Domain, before: Entries, flush: (member: ModelFunction) => void): void {
  for (const name of domain.members) host.inside.change(name, before);
  for (const name of domain.members) {
    host.inside.pass("before-flush", name);
    flush(host.fn(name));
    host.inside.settle(name, before.keys());
    host.inside.pass("after-flush", name);
  }
}
