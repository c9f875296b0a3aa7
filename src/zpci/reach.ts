/** What a device may reach through its translation, in one way of saying it however it was told. */
import { toHex } from "./iova.ts";

/** A range of IOVAs, and what the device may do there. */
export interface ReachedRange {
  readonly iova: bigint;
  /** Bytes. */
  readonly size: bigint;
  readonly read: boolean;
  readonly write: boolean;
}

/**
 * Ranges in order, those that touch and allow the same joined: `0x100010000+0x2000 rw`. Where one map or one message ended
 * and the next began does not show: a hypervisor splits and joins them as it likes.
 */
export function describeReach(ranges: Iterable<ReachedRange>): string[] {
  const joined: { iova: bigint; size: bigint; access: string }[] = [];
  for (const { iova, size, read, write } of [...ranges].sort((a, b) => (a.iova < b.iova ? -1 : 1))) {
    const access = `${read ? "r" : ""}${write ? "w" : ""}`;
    const last = joined.at(-1);
    if (last?.access === access && last.iova + last.size === iova) last.size += size;
    else joined.push({ iova, size, access });
  }
  return joined.map(({ iova, size, access }) => `${toHex(iova)}+${toHex(size)} ${access}`);
}
