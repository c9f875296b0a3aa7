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
