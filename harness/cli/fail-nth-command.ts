/** What `zhil run --fail-nth` does. */
import { parseInjection } from "../fail-nth/fail-nth-record.ts";
import { readLosses } from "../fail-nth/losses.ts";
import { renderRecord, summariseRecords } from "../fail-nth/render-fail-nth.ts";
import { runFailNthSuite } from "../fail-nth/run-fail-nth-suite.ts";
import type { Injection } from "../fail-nth/sweep.ts";
import { UsageError } from "../errors/harness-error.ts";
import { formatJsonLine } from "../report/json-line.ts";
import type { Screen } from "../report/screen.ts";
import type { RunContext } from "../run/run-context.ts";
import type { ScenarioFolder } from "../scenarios/read-scenarios.ts";
import type { ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";

/** What it is given. */
export interface FailNthCommand extends RunContext {
  readonly selected: ScenarioFolder;
  /** `STEP:NTH`, or true for all of them. */
  readonly which: string | true;
  readonly jobs: number;
  readonly json: boolean;
}

/**
 * Fails the kernel's allocations in the operations of scenarios.
 * @throws {UsageError} where one is named that is no such thing
 */
export async function failNthCommand(command: FailNthCommand, io: Io, screen: Screen): Promise<ExitCode> {
  const { selected, which, jobs, json, ...context } = command;
  const begin = performance.now();
  const losses = await readLosses();
  const count = selected.scenarios.length;
  screen.print(`${count} scenario${count === 1 ? "" : "s"} on ${context.bench.title}, with allocations that fail`);
  const records = await runFailNthSuite(selected.scenarios, {
    ...context,
    ...{ only: which === true ? null : readInjection(which), losses, jobs },
    onRecord: (record) => {
      for (const line of renderRecord(record, screen.paint)) screen.print(line);
      if (json) io.stdout.write(formatJsonLine(record));
    },
  });
  screen.print();
  screen.print(summariseRecords(records, (performance.now() - begin) / 1000));
  if (records.some(({ verdict }) => verdict === "fail")) return 1;
  const isWhole = records.length === selected.scenarios.length && selected.broken.length === 0 && records.length > 0;
  return isWhole && records.every(({ verdict }) => verdict !== "error") ? 0 : 2;
}

function readInjection(text: string): Injection {
  const found = parseInjection(text);
  if (found !== null) return found;
  throw new UsageError({
    what: `Cannot use --fail-nth "${text}"`,
    remedy:
      "Give STEP:NTH, such as 5:2 for the second allocation in step 5, or nothing for all of them: names of scenarios stand before it",
  });
}
