import { withLimit } from "../wait/with-limit.ts";

/** Milliseconds that a farewell may take. */
const farewellLimit = 2_000;

/** Says farewell to a server that may not be there any more; null where it did not hear it in time. */
export function briefly<T>(farewell: () => Promise<T>): Promise<T | null> {
  const wait = { what: "the queue to hear of an end", limit: farewellLimit, signal: new AbortController().signal };
  return withLimit(wait, farewell).catch(() => null);
}
