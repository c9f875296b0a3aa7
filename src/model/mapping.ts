/** Mappings: what IOAS and container have in common. */
import { maxU64, pageSize } from "../zpci/iova.ts";
import type { Host } from "./host.ts";
import { ScenarioMistake } from "./scenario-mistake.ts";
import { queuePages, type Area, type Ioas, type Reservation } from "./state.ts";

/** Fields of the mapping operations. */
export interface MappingFields {
  readonly buffer: string;
  readonly page: number;
  readonly pages?: number | undefined;
  readonly length?: string | undefined;
  readonly skew: number;
  readonly read: boolean;
  readonly write: boolean;
}

/** The area that a mapping operation asks for, at an IOVA yet to be checked. */
export function areaOf(host: Host, fields: MappingFields, iova: bigint): Area {
  const pages = bufferPages(host, fields.buffer);
  const rest = BigInt(pages - fields.page) * pageSize;
  const length =
    fields.length !== undefined
      ? BigInt(fields.length)
      : fields.pages !== undefined
        ? BigInt(fields.pages) * pageSize
        : rest;
  return {
    iova,
    length,
    buffer: fields.buffer,
    offset: BigInt(fields.page) * pageSize + BigInt(fields.skew),
    read: fields.read,
    write: fields.write,
    writable: fields.write,
  };
}

/** Number of pages of a buffer; a function's queue buffer is always there. */
export function bufferPages(host: Host, buffer: string): number {
  const pages = host.state.bufferPages[buffer];
  if (pages !== undefined) return pages;
  const owner = /^(.+)\.queues$/u.exec(buffer)?.[1];
  if (owner !== undefined && Object.hasOwn(host.state.functions, owner)) return queuePages;
  throw new ScenarioMistake(`No buffer is named "${buffer}"`);
}

/** Last IOVA of a range, or null where it leaves the 64-bit space. */
export function lastOf(iova: bigint, length: bigint): bigint | null {
  const last = iova + length - 1n;
  return last > maxU64 ? null : last;
}

/** True where two ranges share an IOVA. */
export const meets = (area: Pick<Area, "iova" | "length">, first: bigint, last: bigint): boolean =>
  area.iova <= last && area.iova + area.length - 1n >= first;

/** True where a range touches a reservation. */
export const isReserved = (reserved: readonly Reservation[], first: bigint, last: bigint): boolean =>
  reserved.some((each) => each.first <= last && each.last >= first);

/** What is reserved in an IOAS, as far as the kernel thinks of it. */
const reservedIn = (host: Host, { reserved }: Ioas): readonly Reservation[] =>
  reserved.filter(({ overlooked }) => !(overlooked === true && host.has("aperture-top-offered")));

/** What an IOAS offers: the holes between what is reserved. */
export const offersOf = (host: Host, ioas: Ioas): ReturnType<typeof holesOf> => holesOf(reservedIn(host, ioas));

/** True where a range touches what is reserved in an IOAS; asks nobody about what it does not touch. */
export const isBarred = (host: Host, ioas: Ioas, first: bigint, last: bigint): boolean =>
  isReserved(ioas.reserved, first, last) && isReserved(reservedIn(host, ioas), first, last);

/** The holes between reservations, in order: what may be mapped. */
export function holesOf(reserved: readonly Reservation[]): { first: bigint; last: bigint }[] {
  const sorted = [...reserved].sort((a, b) => (a.first < b.first ? -1 : 1));
  const holes: { first: bigint; last: bigint }[] = [];
  let next = 0n;
  for (const { first, last } of sorted) {
    if (first > next) holes.push({ first: next, last: first - 1n });
    if (last + 1n > next) next = last + 1n;
  }
  if (next <= maxU64) holes.push({ first: next, last: maxU64 });
  return holes;
}

/** Largest alignment that the kernel gives to an IOVA it chooses (HPAGE_SIZE on s390). */
const largestAlignment = 0x10_0000n;

/**
 * The IOVA the kernel picks: the lowest free one from one page on, null where there is none.
 * Ground: io_pagetable.c, iopt_alloc_iova. It is aligned as the user address is, up to the length's power of two.
 * @throws ScenarioMistake where the choice would depend on where the buffer lies
 */
export function chooseIova(host: Host, ioas: Ioas, length: bigint): bigint | null {
  const taken = ioas.areas.map((area) => ({ owner: "", first: area.iova, last: area.iova + area.length - 1n }));
  const kept = ioas.allowed ?? [];
  const others = kept.length === 0 ? [] : holesOf(kept).map((hole) => ({ owner: "", ...hole }));
  const holes = holesOf([
    ...reservedIn(host, ioas),
    ...taken,
    ...others,
    { owner: "", first: 0n, last: pageSize - 1n },
  ]);
  const choices = new Set<bigint | null>();
  for (let alignment = pageSize; alignment < 2n * length && alignment <= largestAlignment; alignment *= 2n) {
    choices.add(lowestIn(holes, length, alignment));
  }
  const [choice] = choices;
  if (choices.size > 1) throw new ScenarioMistake("The IOVA chosen here depends on where the buffer lies");
  return choice ?? null;
}

function lowestIn(
  holes: readonly { first: bigint; last: bigint }[],
  length: bigint,
  alignment: bigint,
): bigint | null {
  for (const hole of holes) {
    const start = ((hole.first + alignment - 1n) / alignment) * alignment;
    if (start + length - 1n <= hole.last) return start;
  }
  return null;
}

/** True where an area begins and ends with a page of its buffer. */
export const isWholePages = (area: Pick<Area, "length" | "offset">): boolean =>
  (area.length | area.offset) % pageSize === 0n;

/**
 * A mapping must lie in its buffer, for what lies beyond it in the user's memory is nobody's promise.
 * @throws ScenarioMistake where it does not
 */
export function requireInside(host: Host, area: Area): void {
  if (area.offset + area.length > BigInt(bufferPages(host, area.buffer)) * pageSize) {
    throw new ScenarioMistake(`The mapping goes beyond the end of buffer "${area.buffer}"`);
  }
}
