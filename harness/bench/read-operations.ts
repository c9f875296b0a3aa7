import { readFile } from "node:fs/promises";
import type { Phases } from "../../src/target/target.ts";
import type { TraceStep } from "../../src/trace/trace.ts";
import type { ScenarioRecord } from "../evidence/record.ts";

/** Milliseconds that the guest says each kind of operation took, from the trace. */
export async function readOperations({ trace }: Pick<ScenarioRecord, "trace">): Promise<Phases> {
  if (trace === null) return {};
  const [, ...lines] = (await readFile(trace, "utf8")).trimEnd().split("\n");
  const times: Record<string, number> = {};
  for (const { operation, evidence } of lines.map((line) => JSON.parse(line) as TraceStep)) {
    times[operation.op] = (times[operation.op] ?? 0) + evidence.micros / 1000;
  }
  return times;
}
