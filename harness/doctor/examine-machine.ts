/** One fact about this machine: something a run needs, and whether it is there. */
export interface Finding {
  /** What was looked at, such as `node` or `kernel option IOMMUFD`. */
  readonly what: string;
  readonly state: "ok" | "missing" | "warning";
  /** What was found. */
  readonly detail: string;
  /** What to do about it, null where there is nothing to do. */
  readonly remedy: string | null;
}

/** Looks at this machine and at the cache; changes nothing and fetches nothing. */
export function examineMachine(): Promise<readonly Finding[]> {
  return Promise.resolve([]);
}
