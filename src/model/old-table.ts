/** Entering mappings into a domain's table and taking them out, on the 6.1 line. */
import { pageSize, pagesOf } from "../zpci/iova.ts";
import type { Host } from "./host.ts";
import { handleDue } from "./recovery.ts";
import { ScenarioMistake } from "./scenario-mistake.ts";
import type { Area, Domain, ModelFunction, Translation } from "./state.ts";
import { refresh } from "./refresh.ts";
import { flushMembers, forget, missFlush, tell, type Entries } from "./table.ts";

/**
 * Enter an area into a domain's table: `OK`, or the errno the caller gets, and then nothing of it is mapped.
 * Ground: Linux 6.1 drivers/iommu/s390-iommu.c, s390_iommu_map: -EINVAL without IOMMU_READ; s390_iommu_update_trans: the entries first, an
 * RPCIT for each function then, newest first, until one is refused, and without another where resources are short; who was told before
 * is not told that the entry is invalid again. Contract (include/uapi/linux/vfio.h, VFIO_IOMMU_MAP_DMA): what was not mapped is out of reach,
 * and every page that VFIO_IOMMU_GET_INFO offers can be mapped. Quirks: the entry stays with who was told of it; the aperture's last page
 * is refused.
 */
export function mapOnOldLine(host: Host, id: string, area: Area): string {
  const domain = host.domain(id);
  if (!area.read) return "EINVAL";
  const members = domain.members.map((each) => host.fn(each));
  for (const each of members) handleDue(host, each);
  const isLast = area.iova + area.length - 1n === host.aperture.last;
  if (isLast && host.has("last-page-refused")) return "EINVAL";
  const [only, ...others] = members;
  if (only?.inError === true && others.length === 0 && !isLookedAt(host)) return "EIO";
  const entries = entriesOf(area);
  const isPlain = !isLookedAt(host) && members.every(({ inError, disabled }) => !inError && !disabled);
  if (entries.length > 1 && !isPlain) {
    throw new ScenarioMistake(
      "How often a mapping is flushed depends on where its pages lie: map one page at a time",
    );
  }
  for (const [iova, translation] of entries) {
    const result = mapPage(host, domain, iova, translation);
    if (result !== "OK") return result;
  }
  return "OK";
}

const isLookedAt = (host: Host): boolean =>
  host.inside.awaits(["before-flush", "after-flush"]) || host.answers.awaited.includes("rpcit");

const entriesOf = (area: Area): [bigint, Translation][] =>
  pagesOf(area.iova, area.length).map((iova, index) => [
    iova,
    {
      page: `${area.buffer}[${String(area.offset / pageSize + BigInt(index))}]`,
      read: area.read,
      write: area.write,
    },
  ]);

function mapPage(host: Host, domain: Domain, iova: bigint, translation: Translation): string {
  domain.table.set(iova, translation);
  const told: ModelFunction[] = [];
  const result = flushUntilRefused(host, domain, new Map([[iova, null]]), (member) =>
    refresh(host, member, [iova], () => {
      tell(member, iova, translation);
      host.devices.hear(member, "map");
      told.push(member);
    }),
  );
  if (result === "OK") return "OK";
  domain.table.delete(iova);
  for (const member of told) {
    if (host.has("failed-map-leaves-page")) member.kept.set(iova, translation);
    else forget(member, [iova]);
  }
  return result;
}

/**
 * Take an area out of a domain's table.
 * Ground: Linux 6.1 drivers/iommu/s390-iommu.c, s390_iommu_unmap: 0 bytes where an RPCIT was refused; vfio_iommu_type1.c, vfio_unmap_unpin:
 * tries again, which finds the entry invalid, and warns. Contract (include/uapi/linux/vfio.h, VFIO_IOMMU_UNMAP_DMA; seed 004: an error must not
 * skip the flushes of others): every function is told. Quirk: those after the one that refused are not, the pages stay pinned, and the
 * kernel warns.
 */
export function unmapOnOldLine(host: Host, id: string, area: Area): void {
  const domain = host.domain(id);
  const pages = pagesOf(area.iova, area.length);
  host.inside.pass("before-invalidate", null);
  const before: Entries = new Map(pages.map((iova) => [iova, domain.table.get(iova) ?? null]));
  for (const iova of pages) domain.table.delete(iova);
  const left = new Set(domain.members);
  const result = flushUntilRefused(host, domain, before, (member) => {
    const flushed = { isTold: false };
    const ended = refresh(host, member, pages, () => {
      flushed.isTold = true;
      host.devices.hear(member, "unmap");
      forget(member, pages);
    });
    if (!flushed.isTold) missFlush(host, member, before);
    left.delete(member.profile.name);
    return ended !== "OK" && !host.has("refused-flush-ends-unmap") ? "OK" : ended;
  });
  if (result === "OK") return;
  if (pages.length > 1)
    throw new ScenarioMistake("Which pages stay where a flush is refused is not predicted: unmap one");
  host.alarms = { $not: [] };
  for (const name of left) {
    const member = host.fn(name);
    for (const [iova, entry] of before) if (entry !== null && member.shadow.has(iova)) member.kept.set(iova, entry);
  }
}

/** Each member is told in its turn, newest first, until one refuses. */
function flushUntilRefused(
  host: Host,
  domain: Domain,
  before: Entries,
  flush: (member: ModelFunction) => string,
): string {
  let result = "OK";
  flushMembers(host, domain, before, (member) => {
    result = flush(member);
    return result === "OK";
  });
  return result;
}
