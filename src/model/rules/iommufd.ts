/** iommufd's own objects: IOAS, HWPT, their mappings, their end. */
import { anything } from "../../compare/pattern.ts";
import { maxU64, pageSize, toHex } from "../../zpci/iova.ts";
import type { Host } from "../host.ts";
import { ScenarioMistake } from "../scenario-mistake.ts";
import { areaOf, chooseIova, isBarred, isWholePages, lastOf, meets, offersOf, requireInside } from "../mapping.ts";
import { fail, succeed, type Outcome, type Rules } from "../rule.ts";
import type { Area, Ioas, ModelFunction } from "../state.ts";
import { endMocks, isInUse, isLocked, isMocks, mockHwptsOf, mockPageSize } from "../mocks.ts";
import { accessesOf, giveUpPins, isPinnedByPages, newOrigin } from "../pins.ts";
import { makeHwpt, removeReservations } from "./cdev.ts";
import { destroyMock } from "./mock.ts";
import { byIova, enterAreas, leaveTables } from "../io-pagetable.ts";

/** Alignment that IOVAs of an IOAS need (io_pagetable.c, iopt_calculate_iova_alignment). */
const alignmentOf = (host: Host, name: string, ioas: Ioas): bigint => {
  if (host.hwptsOf(name).length > 0 || isPinnedByPages(host, name) || !ioas.hugePages) return pageSize;
  return mockHwptsOf(host, name).length > 0 ? mockPageSize : 1n;
};

/** Checks and inserts areas that follow each other, in the kernel's order of tests; null where all is well. */
function checkArea(host: Host, name: string, ioas: Ioas, areas: readonly Area[], chosen: boolean): string | null {
  const alignment = alignmentOf(host, name, ioas);
  const [head] = areas;
  if (head === undefined) return "EINVAL";
  const length = areas.reduce((sum, area) => sum + area.length, 0n);
  if (length === 0n || length % alignment !== 0n) return "EINVAL";
  if (!chosen) {
    if (head.iova % alignment !== 0n) return "EINVAL";
    const last = lastOf(head.iova, length);
    if (last === null) return "EOVERFLOW";
    if (isBarred(host, ioas, head.iova, last)) return "EINVAL";
    if (ioas.areas.some((area) => meets(area, head.iova, last))) return "EEXIST";
  }
  for (const area of areas) {
    if (area.write && !area.writable) return "EPERM";
    if ((area.offset % pageSize) % alignment !== 0n) return "EINVAL";
  }
  return null;
}

/** Unmap a range; ground of each answer: io_pagetable.c, iopt_unmap_iova_range. */
function unmapRange(host: Host, name: string, ioas: Ioas, first: bigint, last: bigint): Outcome {
  let unmapped = 0n;
  for (const area of byIova(ioas.areas)) {
    if (!meets(area, first, last)) continue;
    if (isLocked(host, name, area)) return fail("EBUSY");
    if (area.iova < first || area.iova + area.length - 1n > last) return fail("ENOENT");
    giveUpPins(host, name, area);
    leaveTables(host, ioas, area);
    ioas.areas = ioas.areas.filter((each) => each !== area);
    unmapped += area.length;
  }
  if (unmapped === 0n) return first === 0n && last === maxU64 ? succeed({ length: "0x0" }) : fail("ENOENT");
  return succeed({ length: toHex(unmapped) });
}

/** Rules of this file. */
export const iommufdRules: Rules<
  | "ioas-alloc"
  | "ioas-map"
  | "ioas-unmap"
  | "ioas-copy"
  | "iova-ranges"
  | "huge-pages"
  | "hwpt-alloc"
  | "destroy"
  | "iommufd-close"
> = {
  "ioas-alloc": {
    ground: "drivers/iommu/iommufd/ioas.c, iommufd_ioas_alloc_ioctl",
    predict: (host, { ioas, iommufd }) => {
      host.requireFreeName(ioas);
      host.state.iommufds[iommufd] ??= {};
      host.forgetStaleIds();
      host.state.objects[ioas] = { kind: "ioas", iommufd, areas: [], reserved: [], tables: [], hugePages: true };
      return succeed();
    },
  },
  "ioas-map": {
    ground:
      "drivers/iommu/iommufd/ioas.c, iommufd_ioas_map; io_pagetable.c, iopt_alloc_area_pages and iopt_check_iova",
    predict: (host, fields) => {
      const wanted = fields.iova === undefined ? null : BigInt(fields.iova);
      const area = areaOf(host, fields, wanted ?? 0n);
      if ((wanted ?? 0n) >= maxU64 || area.length >= maxU64) return fail("EOVERFLOW");
      if (!area.read && !area.write) return fail("EINVAL");
      const ioas = host.ioas(fields.ioas);
      if (ioas === null) return fail("ENOENT");
      if (area.length === 0n) return fail("EINVAL");
      if (wanted === null) {
        if (!isWholePages(area)) {
          if (alignmentOf(host, fields.ioas, ioas) === pageSize) return fail("EINVAL");
          throw new ScenarioMistake("The IOVA chosen for a part of a page depends on where the buffer lies");
        }
        const chosen = chooseIova(host, ioas, area.length);
        if (chosen === null) return fail("ENOSPC");
        area.iova = chosen;
      }
      const refusal = checkArea(host, fields.ioas, ioas, [area], wanted === null);
      if (refusal !== null) return fail(refusal);
      requireInside(host, area);
      area.origin = newOrigin(host);
      const problem = enterAreas(host, ioas, [area]);
      return problem === null ? succeed({ iova: toHex(area.iova) }) : fail(problem);
    },
  },
  "ioas-unmap": {
    ground: "drivers/iommu/iommufd/ioas.c, iommufd_ioas_unmap; io_pagetable.c, iopt_unmap_iova",
    predict: (host, { ioas: name, iova, length }) => {
      const ioas = host.ioas(name);
      if (ioas === null) return fail("ENOENT");
      const [first, size] = [BigInt(iova), BigInt(length)];
      if (first === 0n && size === maxU64) return unmapRange(host, name, ioas, 0n, maxU64);
      if (first >= maxU64 || size >= maxU64) return fail("EOVERFLOW");
      if (size === 0n) return fail("EINVAL");
      const last = lastOf(first, size);
      return last === null ? fail("EOVERFLOW") : unmapRange(host, name, ioas, first, last);
    },
  },
  "ioas-copy": {
    ground:
      "drivers/iommu/iommufd/ioas.c, iommufd_ioas_copy; io_pagetable.c, iopt_get_pages: the source must be mapped throughout",
    predict: (host, fields) => {
      const [source, iova, length] = [BigInt(fields.source), BigInt(fields.iova), BigInt(fields.length)];
      if (length >= maxU64 || source >= maxU64 || iova >= maxU64) return fail("EOVERFLOW");
      if (!fields.read && !fields.write) return fail("EINVAL");
      const from = host.ioas(fields.from);
      if (from === null) return fail("ENOENT");
      if (length === 0n) return fail("EINVAL");
      const areas = sliceAreas(from, source, length, iova, fields);
      if (areas === null) return fail("ENOENT");
      const to = host.ioas(fields.to);
      if (to === null) return fail("ENOENT");
      if (to.iommufd !== from.iommufd)
        throw new ScenarioMistake(`"${fields.to}" is not an object of the iommufd of "${fields.from}"`);
      const problem = checkArea(host, fields.to, to, areas, false) ?? enterAreas(host, to, areas);
      return problem === null ? succeed({ iova: toHex(iova) }) : fail(problem);
    },
  },
  "iova-ranges": {
    ground: "drivers/iommu/iommufd/ioas.c, iommufd_ioas_iova_ranges: the holes between reservations",
    predict: (host, { ioas: name }) => {
      const ioas = host.ioas(name);
      if (ioas === null) return fail("ENOENT");
      const ranges = offersOf(host, ioas).map((hole) => [toHex(hole.first), toHex(hole.last)]);
      return succeed({ ranges, alignment: toHex(alignmentOf(host, name, ioas)) });
    },
  },
  "huge-pages": {
    ground:
      "drivers/iommu/iommufd/ioas.c, iommufd_option_huge_pages; io_pagetable.c, iopt_disable_large_pages: -EINVAL while a domain is filled; iopt_check_iova_alignment: -EADDRINUSE over a mapping that is not page-aligned",
    predict: (host, { ioas: name, on }) => {
      const ioas = host.ioas(name);
      if (ioas === null) return fail("ENOENT");
      if (on === ioas.hugePages) return succeed();
      const isFilled = host.hwptsOf(name).length > 0 || mockHwptsOf(host, name).length > 0;
      if (!on && isFilled && ioas.areas.length > 0) return fail("EINVAL");
      if (!on && ioas.areas.some((area) => (area.iova | area.length | area.offset) % pageSize !== 0n)) {
        return fail("EADDRINUSE");
      }
      ioas.hugePages = on;
      return succeed();
    },
  },
  "hwpt-alloc": {
    ground:
      "drivers/iommu/iommufd/hw_pagetable.c, iommufd_hwpt_alloc: s390-iommu.c has no domain_alloc_paging_flags and no " +
      "domain_alloc_nested, so every flag and every parent is -EOPNOTSUPP",
    predict: (host, { hwpt, function: name, ioas, flags, queue }) => {
      const fn = host.fn(name);
      if (fn.iommufd === null) throw new ScenarioMistake(`Function "${name}" is not bound to an iommufd`);
      const wanted = queue === undefined ? flags : [...flags, "fault-id-valid"];
      return allocateHwpt(host, fn, { hwpt, parent: ioas, flags: wanted });
    },
  },
  destroy: {
    ground:
      "drivers/iommu/iommufd/main.c, iommufd_object_remove: -EBUSY while anything uses the object, -ENOENT where there is none",
    predict: (host, { object: name }) => {
      if (Object.hasOwn(host.state.functions, name)) return fail(host.isBoundId(name) ? "EBUSY" : "ENOENT");
      if (isMocks(host, name)) return destroyMocks(host, name);
      const object = host.object(name);
      if (object === null) return fail("ENOENT");
      if (object.kind === "ioas") {
        const users = [host.hwptsOf(name), mockHwptsOf(host, name), accessesOf(host, name)];
        if (users.some((each) => each.length > 0)) return fail("EBUSY");
        const of = host.state.iommufds[object.iommufd];
        if (of?.vfioIoas === name) delete of.vfioIoas;
      } else {
        if (Object.values(host.state.functions).some((each) => each.hwpt === name)) return fail("EBUSY");
        removeReservations(host.ioas(object.ioas), name);
      }
      host.state.objects[name] = null;
      return succeed();
    },
  },
  "iommufd-close": {
    ground:
      "drivers/iommu/iommufd/main.c, iommufd_fops_release: objects live on while a VFIO device holds the context",
    predict: (host, { iommufd }) => {
      const held = Object.values(host.state.functions).some((each) => each.iommufd === iommufd);
      if (held)
        throw new ScenarioMistake(
          `iommufd "${iommufd}" is closed while a function is bound to it: nothing could be named after`,
        );
      for (const [name, object] of Object.entries(host.state.objects)) {
        if (object?.iommufd === iommufd) Reflect.deleteProperty(host.state.objects, name);
      }
      // An open queue holds the iommufd, and what it holds with it: only the queue can be named after.
      for (const [name, object] of Object.entries(host.state.others)) {
        if (object?.iommufd !== iommufd) continue;
        if (!("open" in object && object.open)) Reflect.deleteProperty(host.state.others, name);
        else object.outlives = true;
        if (object.kind === "fault-queue") for (const fault of object.undelivered) fault.mock = null;
      }
      Reflect.deleteProperty(host.state.iommufds, iommufd);
      host.forgetStaleIds();
      return succeed();
    },
  },
};

/** The end of one of the mock's objects. */
function destroyMocks(host: Host, name: string): Outcome {
  const object = host.state.others[name] ?? null;
  if (object === null) return fail("ENOENT");
  if (isInUse(host, name)) return fail("EBUSY");
  if (object.kind === "mock") destroyMock(host, name, object);
  else endMocks(host, name);
  return succeed();
}

function allocateHwpt(
  host: Host,
  fn: ModelFunction,
  wanted: { readonly hwpt: string; readonly parent: string; readonly flags: readonly string[] },
): Outcome {
  // Another driver's HWPT is no parent because this driver has none at all; whatever else the mock's is no page table.
  if (isMocks(host, wanted.parent)) {
    const other = host.state.others[wanted.parent];
    return fail(other?.kind === "mock-hwpt" && other.ioas !== null ? "EOPNOTSUPP" : "EINVAL");
  }
  const parent = host.object(wanted.parent);
  if (parent === null) return fail("EINVAL");
  if (parent.iommufd !== fn.iommufd) {
    throw new ScenarioMistake(`"${wanted.parent}" is not an object of the iommufd of "${fn.profile.name}"`);
  }
  if (parent.kind === "hwpt" || wanted.flags.length > 0) return fail("EOPNOTSUPP");
  const outcome = makeHwpt(host, wanted.parent, wanted.hwpt, false, fn, null);
  return outcome.result === "OK" ? succeed() : { result: outcome.result, values: anything };
}

/** The areas that a copy makes: one for each source area it crosses; null where the source has a hole. */
function sliceAreas(
  from: Ioas,
  source: bigint,
  length: bigint,
  iova: bigint,
  access: { readonly read: boolean; readonly write: boolean },
): Area[] | null {
  const slices: Area[] = [];
  let at = source;
  while (at < source + length) {
    const area = from.areas.find((each) => each.iova <= at && at < each.iova + each.length);
    if (area === undefined) return null;
    const end = area.iova + area.length < source + length ? area.iova + area.length : source + length;
    slices.push({
      ...area,
      iova: iova + (at - source),
      length: end - at,
      offset: area.offset + (at - area.iova),
      read: access.read,
      write: access.write,
    });
    at = end;
  }
  return slices;
}
