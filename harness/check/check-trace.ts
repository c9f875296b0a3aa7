/** A recorded trace, judged by today's model and ledger. */
import { readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isSameState } from "../../src/model/clone-state.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { planOfTrace, type Trace } from "../../src/trace/trace.ts";
import { explainBy, type Judgement, type StepJudgement } from "../../src/verdict/judge.ts";
import type { Ledger } from "../../src/verdict/ledger.ts";
import { Predictions } from "../../src/verdict/predictions.ts";
import { UsageError } from "../errors/harness-error.ts";
import { parseTrace } from "../evidence/read-evidence.ts";
import { evidenceFiles } from "../evidence/scenario-folder.ts";
import type { RecordedDifference } from "../report/describe-record.ts";

/** Most bytes of a trace: those of ours are far below. */
const sizeLimit = 256 * 1024 * 1024;

/** What a trace was found to be: what a reader is told, and no more, for it may come from another thread. */
export interface CheckedTrace extends Pick<Judgement, "verdict" | "known" | "stale" | "caveats"> {
  readonly path: string;
  readonly scenario: string;
  /** The verdict when it was recorded; null where nobody kept it. */
  readonly recorded: string | null;
  readonly differences: readonly RecordedDifference[];
}

/**
 * Reads a trace.
 * @throws {UsageError} where it is none, or a newer version's
 */
export async function readTraceFile(path: string): Promise<Trace> {
  // At once: a thousand small files are read faster than a thousand promises are kept.
  const { size } = statSync(path);
  if (size > sizeLimit) throw new UsageError({ what: `Cannot read the trace "${path}": it has ${size} bytes` });
  const trace = await parseTrace(readFileSync(path, "utf8"), path);
  if (trace === null) throw new UsageError({ what: `Cannot read the trace "${path}": it has no whole line` });
  return trace;
}

/** Judges traces by nothing but themselves. One that is of the same plan as that before it takes what was predicted for that. */
export class TraceChecker {
  readonly #ledger: Ledger;
  #predictions: Predictions | null = null;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** @throws {UsageError} where it cannot be read, or the model has no meaning for what it says was done */
  async check(path: string): Promise<CheckedTrace> {
    const trace = await readTraceFile(path);
    const { verdict, known, stale, caveats, steps } = ((): Judgement => {
      try {
        return explainBy(this.#predictionsFor(planOfTrace(trace)), trace, this.#ledger).judgement;
      } catch (cause) {
        throw new UsageError({ what: `Cannot judge the trace "${path}": the model cannot follow it`, cause });
      }
    })();
    return {
      ...{ path, scenario: trace.header.scenario, verdict, known, stale, caveats },
      recorded: basename(path) === evidenceFiles.trace ? readRecorded(dirname(path)) : null,
      differences: differencesOf(steps, trace),
    };
  }

  #predictionsFor(plan: Plan): Predictions {
    if (this.#predictions === null || !isSameState(this.#predictions.plan, plan))
      this.#predictions = new Predictions(plan);
    return this.#predictions;
  }
}

const differencesOf = (steps: readonly StepJudgement[], trace: Trace): RecordedDifference[] =>
  steps.flatMap(({ step, verdict, differences }) =>
    verdict === "pass"
      ? []
      : differences.map(({ path, expected, observed }) => ({
          ...{ step, operation: trace.steps[step - 1]?.operation.op ?? "", verdict, path, expected },
          ...(observed === undefined ? {} : { observed }),
        })),
  );

function readRecorded(folder: string): string | null {
  try {
    const text = readFileSync(join(folder, evidenceFiles.record), "utf8");
    const record = JSON.parse(text) as { verdict?: unknown };
    return typeof record.verdict === "string" ? record.verdict : null;
  } catch {
    // A trace that was sent comes without its record.
    return null;
  }
}
