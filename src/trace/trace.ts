/** A trace: a header, then one observation per operation; on disk one JSON object per line. */
import type { Operation } from "../operation/operation.ts";
import type { Plan, PlannedBuffer, PlannedStep } from "../plan/plan.ts";
import type { Evidence, Observation } from "./observation.ts";
import type { Profile } from "./profile.ts";

/** Version of the trace format; a reader takes older ones and refuses newer ones (docs/traces.md). */
export const traceVersion = 2;

/** First line of a trace: everything needed to judge it again later. */
export interface TraceHeader {
  readonly trace: typeof traceVersion;
  readonly scenario: string;
  readonly profile: Profile;
  /** Buffers of the host's memory that operations name. */
  readonly buffers: readonly PlannedBuffer[];
  /** What is replaced in what was recorded wherever it turns up, such as `address`; empty in what an older version recorded. */
  readonly replaced: readonly string[];
  /** Version of zpci-hil that recorded it. */
  readonly recorder: string;
}

/** One operation and what came of it. */
export interface TraceStep extends Omit<PlannedStep, "operation"> {
  /** 1-based. */
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

/** The plan that a trace is of, as far as it was performed: what it is judged by. */
export const planOfTrace = ({ header, steps }: Trace): Plan => ({
  scenario: header.scenario,
  functions: header.profile.functions,
  buffers: header.buffers,
  profile: header.profile,
  steps: steps.map(({ operation, note, expectedMemory }) => ({
    operation,
    note,
    ...(expectedMemory === undefined ? {} : { expectedMemory }),
  })),
});
