/** Addresses as the scenario language writes them. */

/** Size of a page and of a block of the test medium, in bytes. */
export const pageSize = 4096n;

/** The number as `0x…`. */
export const toHex = (value: bigint): string => `0x${value.toString(16)}`;

/** Largest unsigned 64-bit number. */
export const maxU64 = 0xffff_ffff_ffff_ffffn;

/** The first address of every page that [start, start + length) touches. */
export function pagesOf(start: bigint, length: bigint): bigint[] {
  const pages: bigint[] = [];
  for (let page = start - (start % pageSize); page < start + length; page += pageSize) pages.push(page);
  return pages;
}
