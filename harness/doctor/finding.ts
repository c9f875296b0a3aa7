import { describeError } from "../errors/describe-error.ts";
import { HarnessError } from "../errors/harness-error.ts";

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

/** Something that could not be had, by the error that says so; its own remedy goes before the general one. */
export function failed(what: string, error: unknown, remedy: string): Finding {
  const [first = "unknown", ...rest] = describeError(error).filter((line) => !line.startsWith("remedy: "));
  const own = error instanceof HarnessError ? error.remedy : null;
  return missing(what, [first, ...rest].join("; "), own ?? remedy);
}
