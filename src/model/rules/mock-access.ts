/** Access to an IOAS by the kernel itself: created, moved to another IOAS, ended; pages pinned, copies in and out. */
import { maxU64, pageSize } from "../../zpci/iova.ts";
import { contentOf, writePage } from "../contents.ts";
import type { Host } from "../host.ts";
import { ScenarioMistake } from "../scenario-mistake.ts";
import { bufferPages, isReserved, meets } from "../mapping.ts";
import type { Access } from "../mock-state.ts";
import { addMocks, findMocks, isHeldOpen } from "../mocks.ts";
import { countPins } from "../pins.ts";
import { fail, succeed, type Outcome, type Rules } from "../rule.ts";
import type { Area, Ioas } from "../state.ts";

/** The most that the mock pins or copies at once (selftest.c, iommufd_test_access_pages). */
const mostBytes = 16n * 1024n * 1024n;

/** The access of a name, which its scenario created. */
function accessOf(host: Host, name: string): Access {
  const access = findMocks(host, "access", name);
  if (access === null) throw new ScenarioMistake(`"${name}" is no access`);
  return access;
}

/** Whether an IOAS can be accessed with pins: its mappings have to be of whole pages then. */
const fits = (ioas: Ioas): boolean =>
  ioas.areas.every((area) => (area.iova | area.length | area.offset) % pageSize === 0n);

/** A part of an area, in the order of IOVAs. */
interface Piece {
  readonly area: Area;
  /** Offset of its first byte in the buffer. */
  readonly offset: bigint;
  readonly length: bigint;
}

/** What lies at some IOVAs, up to the first hole. */
function piecesOf(ioas: Ioas, iova: bigint, length: bigint): { readonly pieces: Piece[]; readonly whole: boolean } {
  const pieces: Piece[] = [];
  for (let at = iova; at < iova + length;) {
    const area = ioas.areas.find((each) => each.iova <= at && at < each.iova + each.length);
    if (area === undefined) return { pieces, whole: false };
    const end = area.iova + area.length < iova + length ? area.iova + area.length : iova + length;
    pieces.push({ area, offset: area.offset + (at - area.iova), length: end - at });
    at = end;
  }
  return { pieces, whole: true };
}

/** What pin and copy have in common: their first tests; the IOAS where those pass. */
function examine(
  host: Host,
  access: Access,
  { iova, length }: { readonly iova: bigint; readonly length: bigint },
): { readonly ioas: Ioas } | { readonly errno: string } {
  if (length === 0n) return { errno: "EINVAL" };
  if (iova + length - 1n > maxU64) return { errno: "EOVERFLOW" };
  const ioas = access.ioas === null ? null : host.ioas(access.ioas);
  return ioas === null ? { errno: "ENOENT" } : { ioas };
}

interface Pinning {
  readonly iova: bigint;
  readonly length: bigint;
  readonly write: boolean;
  readonly buffer: string | undefined;
  readonly page: number;
}

/** Pin, and take it back where a test fails late. */
function pin(host: Host, access: Access, { iova, length, write, buffer, page }: Pinning): Outcome {
  const examined = examine(host, access, { iova, length });
  if ("errno" in examined) return fail(examined.errno);
  const { pieces, whole } = piecesOf(examined.ioas, iova, length);
  for (const [index, { area, offset, length: size }] of pieces.entries()) {
    const isLast = whole && index === pieces.length - 1;
    if (offset % pageSize !== 0n) return fail("EINVAL");
    if (!isLast && (offset + size) % pageSize !== 0n) return fail("EINVAL");
    if (!(write ? area.write : area.read) || (write && !area.writable)) return fail("EPERM");
  }
  if (!whole) return fail("ENOENT");
  if (buffer !== undefined) {
    const pages = pieces.flatMap(({ area, offset, length: size }) =>
      Array.from(
        { length: Number((size + pageSize - 1n) / pageSize) },
        (_, index) => `${area.buffer}[${String(offset / pageSize + BigInt(index))}]`,
      ),
    );
    if (page + pages.length > bufferPages(host, buffer)) {
      throw new ScenarioMistake(`Buffer "${buffer}" ends before what is compared with it does`);
    }
    if (pages.some((each, index) => each !== `${buffer}[${String(page + index)}]`)) return fail("EBADE");
  }
  const number = access.next;
  access.next += 1;
  access.held.push({ number, iova, length });
  return succeed({ pin: number });
}

interface Copying {
  readonly access: string;
  readonly iova: string;
  readonly length: string;
  readonly buffer: string;
  readonly page: number;
  readonly unknown: boolean;
}

/** Copy between an IOAS and a buffer; what is written before a copy fails is written. */
function copy(host: Host, fields: Copying, write: boolean): Outcome {
  const [iova, length] = [BigInt(fields.iova), BigInt(fields.length)];
  const access = accessOf(host, fields.access);
  if (length > mostBytes) return fail("ENOMEM");
  if (fields.unknown) return fail("EOPNOTSUPP");
  if (!access.open) return fail("EBADFD");
  if (fields.page + Number(length / pageSize) > bufferPages(host, fields.buffer)) {
    throw new ScenarioMistake(`What is copied goes beyond the end of buffer "${fields.buffer}"`);
  }
  const examined = examine(host, access, { iova, length });
  if ("errno" in examined) return fail(examined.errno);
  const { pieces, whole } = piecesOf(examined.ioas, iova, length);
  const refused = pieces.findIndex(({ area }) => !(write ? area.write && area.writable : area.read));
  const copied = refused === -1 ? pieces : pieces.slice(0, refused);
  const failed = refused !== -1 ? "EPERM" : whole ? null : "ENOENT";
  if (failed === null || write) transfer(host, copied, fields, write);
  return failed === null ? succeed() : fail(failed);
}

/** Whole pages are copied, so that each has what has a name. */
function transfer(host: Host, pieces: readonly Piece[], fields: Copying, write: boolean): void {
  let page = fields.page;
  const contents: [page: string, content: string][] = [];
  for (const { area, offset, length } of pieces) {
    if ((offset | length) % pageSize !== 0n) {
      throw new ScenarioMistake("What a part of a page leaves behind has no name: copy whole pages");
    }
    for (let at = offset; at < offset + length; at += pageSize, page += 1) {
      const inside = `${area.buffer}[${String(at / pageSize)}]`;
      const outside = `${fields.buffer}[${String(page)}]`;
      contents.push(write ? [inside, contentOf(host, outside)] : [outside, contentOf(host, inside)]);
    }
  }
  for (const [name, content] of contents) writePage(host, name, content);
}

/** Rules of this file. */
export const mockAccessRules: Rules<
  | "access-create"
  | "access-replace"
  | "access-pin"
  | "access-unpin"
  | "access-read"
  | "access-write"
  | "access-close"
  | "page-pins"
  | "iova-reserve"
> = {
  "access-create": {
    ground:
      "drivers/iommu/iommufd/device.c, iommufd_access_create and iommufd_access_change_ioas: an access is a user of its IOAS; " +
      "io_pagetable.c, iopt_add_access: -EADDRINUSE where mappings are not of the pages that it wants to pin",
    predict: (host, { access, ioas: name, pins, unknown }) => {
      if (unknown) return fail("EOPNOTSUPP");
      const ioas = host.ioas(name);
      if (ioas === null) return fail("ENOENT");
      if (pins && !fits(ioas)) return fail("EADDRINUSE");
      const made: Access = { kind: "access", iommufd: ioas.iommufd, ioas: name, pins, open: true, held: [], next: 0 };
      addMocks(host, access, made);
      return succeed();
    },
  },
  "access-replace": {
    ground:
      "drivers/iommu/iommufd/device.c, iommufd_access_change_ioas: nothing at all where it is the same IOAS; else the new one first, " +
      "then everything pinned in the old one is asked back; where it fails nothing changes",
    predict: (host, { access: name, to }) => {
      const access = accessOf(host, name);
      if (!access.open) return fail("EBADFD");
      const ioas = host.ioas(to);
      if (ioas === null) return fail("ENOENT");
      if (access.ioas === to) return succeed();
      if (access.pins && !fits(ioas)) return fail("EADDRINUSE");
      access.ioas = to;
      access.held = [];
      return succeed();
    },
  },
  "access-pin": {
    ground:
      "drivers/iommu/iommufd/device.c, iommufd_access_pin_pages, area by area: -EINVAL inside a page, -EPERM against the mapping's " +
      "access, -ENOENT at a hole, and nothing stays pinned then; selftest.c, iommufd_test_access_pages: -EBADE for other pages, " +
      "-EOPNOTSUPP without pins, -ENOMEM above 16 MiB, -EBADFD once closed",
    predict: (host, { access: name, unknown, ...fields }) => {
      const wanted = { ...fields, iova: BigInt(fields.iova), length: BigInt(fields.length), buffer: fields.buffer };
      const access = accessOf(host, name);
      if (wanted.length > mostBytes) return fail("ENOMEM");
      if (unknown) return fail("EOPNOTSUPP");
      if (!access.open) return fail("EBADFD");
      if (!access.pins) return fail("EOPNOTSUPP");
      return pin(host, access, wanted);
    },
  },
  "access-unpin": {
    ground:
      "drivers/iommu/iommufd/selftest.c, iommufd_test_access_item_destroy: -ENOENT for what is not pinned, or was asked back; device.c, " +
      "iommufd_access_unpin_pages",
    predict: (host, { access: name, pin: number }) => {
      const access = accessOf(host, name);
      if (!access.open) return fail("EBADFD");
      if (!access.held.some((each) => each.number === number)) return fail("ENOENT");
      access.held = access.held.filter((each) => each.number !== number);
      return succeed();
    },
  },
  "access-read": {
    ground:
      "drivers/iommu/iommufd/device.c, iommufd_access_rw: -EPERM against the mapping's access, -ENOENT at a hole, and nothing is handed " +
      "out then; pages.c, iopt_pages_rw_access: by pinning or not, the bytes are the same",
    predict: (host, fields) => copy(host, fields, false),
  },
  "access-write": {
    ground:
      "drivers/iommu/iommufd/device.c, iommufd_access_rw, area by area: what lies before a hole, or before a mapping that may not be " +
      "written, is written",
    predict: (host, fields) => copy(host, fields, true),
  },
  "access-close": {
    ground:
      "drivers/iommu/iommufd/device.c, iommufd_access_destroy_object: its IOAS is nobody's any more, and what it pinned was given up",
    predict: (host, { access: name }) => {
      const access = accessOf(host, name);
      if (!access.open) throw new ScenarioMistake(`"${name}" is closed`);
      Object.assign(access, { open: false, ioas: null, held: [] });
      return succeed();
    },
  },
  "page-pins": {
    ground:
      "drivers/iommu/iommufd/pages.c: pages are pinned once for each map, as long as a HWPT or an access has them; selftest.c, " +
      "iommufd_test_md_check_refs: -EIO where the pages' counts say otherwise",
    predict: (host, { buffer, page, pages, pins }) => {
      if (isHeldOpen(host)) {
        throw new ScenarioMistake("An iommufd that was closed beside an open queue may have pages pinned still");
      }
      const counts = Array.from({ length: pages }, (_, index) => countPins(host, buffer, page + index));
      return counts.every((count) => count === pins) ? succeed() : fail("EIO");
    },
  },
  "iova-reserve": {
    ground:
      "drivers/iommu/iommufd/selftest.c, iommufd_test_add_reserved; io_pagetable.c, iopt_reserve_iova: -EADDRINUSE where something is " +
      "mapped or allowed, and who reserved it before does not matter",
    predict: (host, { ioas: name, iova, length }) => {
      const [first, size] = [BigInt(iova), BigInt(length)];
      if (size === 0n) return fail("EINVAL");
      const last = first + size - 1n;
      if (last > maxU64) return fail("EOVERFLOW");
      const ioas = host.ioas(name);
      if (ioas === null) return fail("ENOENT");
      if (ioas.areas.some((area) => meets(area, first, last)) || isReserved(ioas.allowed ?? [], first, last)) {
        return fail("EADDRINUSE");
      }
      ioas.reserved.push({ owner: "nobody", first, last });
      return succeed();
    },
  },
};
