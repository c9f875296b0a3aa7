/** Accesses of the kernel itself to an IOAS, and the pages that are pinned for them and for HWPTs. */
import { pageSize } from "../zpci/iova.ts";
import type { Host } from "./host.ts";
import { ScenarioMistake } from "./scenario-mistake.ts";
import { meets } from "./mapping.ts";
import type { Access } from "./mock-state.ts";
import { mockHwptsOf, mocksOf } from "./mocks.ts";
import type { Area, Ioas } from "./state.ts";

/** Accesses of an IOAS. */
export const accessesOf = (host: Host, ioas: string): Access[] =>
  mocksOf(host, "access").flatMap(([, access]) => (access.ioas === ioas ? [access] : []));

/** True where an access of an IOAS pins pages, so that its IOVAs are those of whole pages (device.c, iommufd_access_create). */
export const isPinnedByPages = (host: Host, ioas: string): boolean =>
  accessesOf(host, ioas).some((access) => access.pins);

/** IOASes by name. */
const allIoases = (host: Host): [string, Ioas][] =>
  Object.entries(host.state.objects).filter((entry): entry is [string, Ioas] => entry[1]?.kind === "ioas");

/** A number for the memory that a map hands over, which copies of it share (pages.c, struct iopt_pages). */
export const newOrigin = (host: Host): number =>
  1 + Math.max(0, ...allIoases(host).flatMap(([, ioas]) => ioas.areas.map((area) => area.origin ?? 0)));

/**
 * An area is about to be unmapped: whoever pinned any of it gives that up.
 * Ground: io_pagetable.c, iopt_unmap_iova_range, asks until nobody has; device.c, iommufd_access_notify_unmap.
 */
export function giveUpPins(host: Host, ioas: string, area: Pick<Area, "iova" | "length">): void {
  for (const access of accessesOf(host, ioas)) {
    access.held = access.held.filter((pin) => !meets(area, pin.iova, pin.iova + pin.length - 1n));
  }
}

/** True where a byte range of an area's buffer has bytes of a page. */
const hasPage = (area: Area, from: bigint, length: bigint, page: bigint): boolean => {
  const first = area.offset + (from - area.iova);
  return first / pageSize <= page && (first + length - 1n) / pageSize >= page;
};

/**
 * How often a page is pinned: once for each map of it that has a HWPT or an access that pinned it there, whatever copies it has.
 * Ground: pages.c, struct iopt_pages: "pinned only once" whoever uses it.
 * @throws ScenarioMistake where a type1 container pins it, too
 */
export function countPins(host: Host, buffer: string, page: number): number {
  const origins = new Set<number>();
  const wanted = BigInt(page);
  for (const container of Object.values(host.state.containers)) {
    if (container.areas.some((area) => area.buffer === buffer)) {
      throw new ScenarioMistake(`A container has pages of "${buffer}", too`);
    }
  }
  for (const [name, ioas] of allIoases(host)) {
    const isFilled = host.hwptsOf(name).length + mockHwptsOf(host, name).length > 0;
    const held = accessesOf(host, name).flatMap((access) => access.held);
    for (const area of ioas.areas.filter((each) => each.buffer === buffer)) {
      const isHeld = held.some((pin) => {
        const first = pin.iova > area.iova ? pin.iova : area.iova;
        const end = pin.iova + pin.length < area.iova + area.length ? pin.iova + pin.length : area.iova + area.length;
        return first < end && hasPage(area, first, end - first, wanted);
      });
      const isMapped = isFilled && hasPage(area, area.iova, area.length, wanted);
      if (isHeld || isMapped) origins.add(area.origin ?? 0);
    }
  }
  return origins.size;
}

/**
 * In how many pieces an area may be taken out of a domain: one, unless some of its pages are used by copies, or by accesses to them, and
 * others are not. Then what nobody else uses is unmapped run by run, each up to where its pages stop being neighbours in memory.
 * Ground: pages.c, __iopt_area_unfill_domain and iopt_area_unpin_domain ("The domain unmap cannot stop in the middle of a
 * contiguous range of PFNs").
 */
export function mostPieces(host: Host, area: Area): number {
  const isUsed = new Set<bigint>();
  for (const [name, ioas] of allIoases(host)) {
    const isFilled = host.hwptsOf(name).length + mockHwptsOf(host, name).length > 0;
    const held = accessesOf(host, name).flatMap((access) => access.held);
    for (const other of ioas.areas) {
      if (other === area || other.origin === undefined || other.origin !== area.origin) continue;
      for (let at = 0n; at < other.length; at += pageSize) {
        const iova = other.iova + at;
        const isPinned = held.some((pin) => iova < pin.iova + pin.length && pin.iova < iova + pageSize);
        if (isFilled || isPinned) isUsed.add((other.offset + at) / pageSize);
      }
    }
  }
  let pieces = 0;
  let wasUsed = true;
  for (let at = 0n; at < area.length; at += pageSize) {
    const isShared = isUsed.has((area.offset + at) / pageSize);
    if (!isShared && wasUsed) pieces += 1;
    wasUsed = isShared;
  }
  return pieces + (wasUsed ? 1 : 0);
}
