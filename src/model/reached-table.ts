/** What a function sees of its translation. */
import type { QuirkName } from "./quirks.ts";
import type { ModelFunction, Translation } from "./state.ts";

type Table = ReadonlyMap<bigint, Translation>;

/**
 * What a function sees of its translation.
 * Contract: the table that is registered for it, and what it kept of older ones. Quirk: what RPCIT told of since it was registered. Nobody
 * asks which of them where they are the same.
 */
export function reachedTable(quirks: ReadonlySet<QuirkName>, { kept, shadow }: ModelFunction, table: Table): Table {
  const known = kept.size === 0 ? table : new Map([...table, ...kept]);
  return isSameTable(known, shadow) || !quirks.has("shadow-by-rpcit") ? known : shadow;
}

function isSameTable(one: Table, other: Table): boolean {
  if (one.size !== other.size) return false;
  for (const [iova, translation] of one) if (!isSameTranslation(translation, other.get(iova))) return false;
  return true;
}

/** Whether a page is translated alike, or not at all. */
export const isSameTranslation = (one: Translation | undefined, other: Translation | undefined): boolean =>
  one === other || (one?.page === other?.page && one?.read === other?.read && one?.write === other?.write);
