/** The allocations of many scenarios, some scenarios at a time. */
import type { Scenario } from "../../src/scenario/scenario.ts";
import type { FailNthRecord } from "./fail-nth-record.ts";
import { runFailNth, type FailNthOptions } from "./run-fail-nth.ts";

/** How many scenarios are tried. */
export interface FailNthSuiteOptions extends Omit<FailNthOptions, "claim"> {
  /** Scenarios at a time, at least 1. */
  readonly jobs: number;
  readonly onRecord: (record: FailNthRecord) => void;
}

/**
 * Tries scenarios; what one has tried, by the same operations before, the next ones do not. An abort ends those that run,
 * and starts no other.
 * @throws {InfrastructureError} where evidence cannot be written
 */
export async function runFailNthSuite(
  scenarios: readonly Scenario[],
  { jobs, onRecord, ...options }: FailNthSuiteOptions,
): Promise<readonly FailNthRecord[]> {
  const claimed = new Set<string>();
  const claim = (history: string): boolean => {
    if (options.only === null && claimed.has(history)) return false;
    claimed.add(history);
    return true;
  };
  const records: FailNthRecord[] = [];
  const queue = scenarios.values();
  const work = async (): Promise<void> => {
    for (const scenario of queue) {
      if (options.signal.aborted) return;
      const record = await runFailNth(scenario, { ...options, claim });
      records.push(record);
      onRecord(record);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(jobs, scenarios.length)) }, work));
  return records;
}
