/** A recorded trace, judged by today's model and ledger. */
import { readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { planOfTrace, type Trace } from "../../src/trace/trace.ts";
import { judge, type Judgement } from "../../src/verdict/judge.ts";
import type { Ledger } from "../../src/verdict/ledger.ts";
import { UsageError } from "../errors/harness-error.ts";
import { parseTrace } from "../evidence/read-evidence.ts";
import { evidenceFiles } from "../evidence/scenario-folder.ts";

/** Most bytes of a trace: those of ours are far below. */
const sizeLimit = 256 * 1024 * 1024;

/** What a trace was found to be. */
export interface CheckedTrace {
  readonly path: string;
  readonly scenario: string;
  readonly judgement: Judgement;
  /** The verdict when it was recorded; null where nobody kept it. */
  readonly recorded: string | null;
  readonly operations: readonly string[];
}

/**
 * Reads a trace.
 * @throws {UsageError} where it is none, or a newer version's
 */
export async function readTraceFile(path: string): Promise<Trace> {
  const { size } = await stat(path);
  if (size > sizeLimit) throw new UsageError({ what: `Cannot read the trace "${path}": it has ${size} bytes` });
  const trace = await parseTrace(await readFile(path, "utf8"), path);
  if (trace === null) throw new UsageError({ what: `Cannot read the trace "${path}": it has no whole line` });
  return trace;
}

/**
 * Judges a trace by nothing but itself.
 * @throws {UsageError} where it cannot be read, or the model has no meaning for what it says was done
 */
export async function checkTrace(path: string, ledger: Ledger): Promise<CheckedTrace> {
  const trace = await readTraceFile(path);
  const judged = ((): Judgement => {
    try {
      return judge(planOfTrace(trace), trace, ledger);
    } catch (cause) {
      throw new UsageError({ what: `Cannot judge the trace "${path}": the model cannot follow it`, cause });
    }
  })();
  return {
    path,
    scenario: trace.header.scenario,
    judgement: judged,
    recorded: basename(path) === evidenceFiles.trace ? await readRecorded(dirname(path)) : null,
    operations: trace.steps.map(({ operation }) => operation.op),
  };
}

async function readRecorded(folder: string): Promise<string | null> {
  try {
    const record = JSON.parse(await readFile(join(folder, evidenceFiles.record), "utf8")) as { verdict?: unknown };
    return typeof record.verdict === "string" ? record.verdict : null;
  } catch {
    // A trace that was sent comes without its record.
    return null;
  }
}
