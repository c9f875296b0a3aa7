/** A trace: a header, then one observation per operation; on disk one JSON object per line. */
import type { Operation } from "../operation/operation.ts";
import type { Evidence, Observation } from "./observation.ts";
import type { Profile } from "./profile.ts";

/** Version of the trace format; a reader refuses newer ones. */
export const traceVersion = 1;

/** First line of a trace: everything needed to judge it again later. */
export interface TraceHeader {
  readonly trace: typeof traceVersion;
  readonly scenario: string;
  readonly profile: Profile;
  /** Version of zpci-hil that recorded it. */
  readonly recorder: string;
}

/** One operation and what came of it. */
export interface TraceStep {
  readonly step: number;
  readonly operation: Operation;
  readonly observation: Observation;
  readonly evidence: Evidence;
}

/** A whole trace. */
export interface Trace {
  readonly header: TraceHeader;
  readonly steps: readonly TraceStep[];
}
