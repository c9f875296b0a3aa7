/** Options of bisections, as commander hands them over. */
import type { Ends } from "../bisect/range.ts";

/** Options that `bisect` and `bisect-step` share. */
export interface SharedBisectFlags {
  readonly repo: string;
  readonly flavour?: string;
  readonly qemu?: string;
  readonly seek?: string;
  readonly like?: string;
  readonly as?: string;
  readonly scenarios?: string;
}

/** The options of `zhil bisect`. */
export interface BisectFlags extends SharedBisectFlags, Omit<Ends, "paths" | "good" | "bad"> {
  readonly good?: string;
  readonly bad?: string;
  readonly between?: string;
  readonly confidence: number;
  readonly tries: number;
  readonly path: readonly string[];
  readonly restart: boolean;
  readonly out: string;
  readonly json: boolean;
  readonly color: boolean;
}
