import type { ReportProgress } from "./progress.ts";

/** What every part of preparing a machine is given. */
export interface Preparation {
  /** Root of the cache. */
  readonly root: string;
  /** Whether the archive is asked again although the cache has an answer from earlier. */
  readonly update: boolean;
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}
