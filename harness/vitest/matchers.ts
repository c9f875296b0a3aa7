/** What a trace is held against: the model, or another trace. */
import { compareObservation, type Expectation } from "../../src/compare/compare.ts";
import { describePattern, type Difference } from "../../src/compare/pattern.ts";
import type { TraceStep } from "../../src/trace/trace.ts";
import { judge } from "../../src/verdict/judge.ts";
import type { Ledger } from "../../src/verdict/ledger.ts";
import { readEvidence } from "../evidence/read-evidence.ts";
import { describeObserved } from "../report/describe-record.ts";
import { readLedger } from "../scenarios/read-ledger.ts";
import type { PlannedTrace } from "./guest.ts";

/** What a matcher answers; vitest shows the message where it is not what was expected. */
export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/** How a trace is held against the model. */
export interface MatchModelOptions {
  /** Takes the contract alone: what the ledger knows is a difference, too. */
  readonly strict?: boolean;
}

/** Differences that a message lists. */
const listed = 20;

/** Whether all that was observed is what the model predicts: the contract, or what the ledger knows of this kernel and QEMU. */
export async function matchModel(received: unknown, options: MatchModelOptions = {}): Promise<MatcherResult> {
  const trace = expectTrace(received, "toMatchModel");
  const ledger: Ledger = options.strict === true ? [] : await readLedger();
  const { verdict, steps, known } = judge(trace.plan, trace, ledger);
  const differing = steps
    .filter((each) => each.verdict === "fail")
    .flatMap(({ step, differences }) => differences.map((each) => describe(trace.steps[step - 1], each)));
  const explained = known.length === 0 ? "" : `; the ledger knows of ${known.join(", ")}`;
  return {
    pass: verdict !== "fail",
    message: () =>
      verdict === "fail"
        ? list(`The trace is not what the model predicts${explained}`, differing)
        : `The trace is what the model predicts${explained}`,
  };
}

/**
 * Whether two traces show the same: operations, results, values, counters, messages, memory and alarms of every step; what
 * an evidence folder holds is read from there. Times and logs are not compared.
 */
export async function matchTrace(
  received: unknown,
  expected: Pick<PlannedTrace, "steps"> | string,
): Promise<MatcherResult> {
  const { steps } = expectTrace(received, "toMatchTrace");
  const others = typeof expected === "string" ? (await readEvidence(expected)).steps : expected.steps;
  const differing = Array.from({ length: Math.max(steps.length, others.length) }, (_, index) =>
    compareSteps(steps[index], others[index], index + 1),
  ).flat();
  return {
    pass: differing.length === 0,
    message: () => (differing.length === 0 ? "The traces show the same" : list("The traces differ", differing)),
  };
}

function compareSteps(step: TraceStep | undefined, other: TraceStep | undefined, number: number): readonly string[] {
  if (step === undefined) return [`step ${number} ${other?.operation.op ?? ""}: was not performed`];
  if (other === undefined) return [`step ${number} ${step.operation.op}: the other trace has no such step`];
  if (JSON.stringify(step.operation) !== JSON.stringify(other.operation)) {
    return [`step ${number}: ${JSON.stringify(step.operation)} is not ${JSON.stringify(other.operation)}`];
  }
  // What was observed there is expected here, word for word: no value of an observation looks like a pattern.
  const expectation = other.observation as unknown as Expectation;
  return compareObservation(expectation, step.observation).map((each) => describe(step, each));
}

function describe(step: TraceStep | undefined, { path, expected, observed }: Difference): string {
  const where = step === undefined ? "" : `step ${step.step} ${step.operation.op}: `;
  return `${where}${path}: expected ${describePattern(expected)}, observed ${describeObserved(observed)}`;
}

function list(what: string, lines: readonly string[]): string {
  const rest = lines.length - listed;
  return [`${what}:`, ...lines.slice(0, listed), ...(rest > 0 ? [`and ${rest} more`] : [])].join("\n  ");
}

function expectTrace(received: unknown, matcher: string): PlannedTrace {
  const trace = received as Partial<PlannedTrace> | null;
  if (trace !== null && typeof trace === "object" && Array.isArray(trace.steps) && trace.plan !== undefined) {
    return trace as PlannedTrace;
  }
  throw new TypeError(`${matcher} takes a trace: guest.trace, or that of host.run`);
}
