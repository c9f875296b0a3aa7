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

/** Something that is as it should be. */
export function fine(what: string, detail: string): Finding {
  return { what, state: "ok", detail, remedy: null };
}

/** Something that no run can do without. */
export function missing(what: string, detail: string, remedy: string): Finding {
  return { what, state: "missing", detail, remedy };
}

/** Something that some runs miss. */
export function warning(what: string, detail: string, remedy: string): Finding {
  return { what, state: "warning", detail, remedy };
}
