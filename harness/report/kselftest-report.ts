/** What people, and continuous integration, see of a run of tests. */
import Table from "cli-table3";
import { describeSeconds } from "./describe-record.ts";
import { escapeLine } from "./escape.ts";
import { formatSuite, missingCase, type JunitCase } from "./junit.ts";
import { verdictShade } from "./paint.ts";
import { shorten, type Screen } from "./screen.ts";
import { caseVerdicts, type CaseRecord } from "../kselftest/case-record.ts";
import type { TestBench } from "../kselftest/test-machine.ts";
import type { TestRunResult } from "../kselftest/run-kselftests.ts";

const verdictWidth = 9;
/** Most of a reason that a line or a cell shows; the record has all of it. */
const longestReason = 160;
/** Lines of diagnosis that are shown of a case that failed. */
const shownLines = 12;

/** A line for a case that has ended, with what it said where that is not explained. */
export function printCase(record: CaseRecord, { print, paint }: Screen): void {
  const { verdict, reason, seconds } = record;
  const why = reason === null ? "" : `  ${paint("faint", shorten(escapeLine(reason), longestReason))}`;
  print(`${paint(verdictShade[verdict], verdict.padEnd(5))} ${record.case}  ${seconds.toFixed(2)} s${why}`);
  if (verdict !== "fail" && verdict !== "error") return;
  const lines = [...record.diagnosis.slice(0, shownLines), ...record.alarms.slice(0, shownLines)];
  for (const line of lines) print(paint("faint", `      ${escapeLine(line)}`));
}

/** A row for each kind of what is no plain pass, then what must not be overlooked, then the counts. */
export function printSummary({ records, missing, interrupted, seconds }: TestRunResult, screen: Screen): void {
  const { print, paint, width } = screen;
  const rows = foldRecords(records.filter(({ verdict }) => verdict !== "pass"));
  print();
  if (rows.length > 0) {
    const nameWidth = Math.floor(width * 0.45);
    const table = new Table({
      head: ["verdict", "case", "reason"],
      colWidths: [verdictWidth, nameWidth, width - verdictWidth - nameWidth - 4],
      wordWrap: true,
      wrapOnWordBoundary: false,
      chars: { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" },
      style: { head: [], border: [], "padding-left": 1, "padding-right": 1 },
    });
    for (const { verdict, name, reason } of rows) {
      table.push([paint(verdictShade[verdict], verdict), name, shorten(escapeLine(reason), longestReason)]);
    }
    print(table.toString());
  }
  for (const entry of new Set(records.flatMap(({ stale }) => stale))) {
    const where = records.filter(({ stale }) => stale.includes(entry)).map((record) => record.case);
    print(paint("odd", `STALE: "${entry}" explains what did not happen: ${where.join(", ")} passed`));
  }
  if (interrupted) print(paint("odd", `Interrupted: ${missing.length} not run`));
  const counts = caseVerdicts.map((verdict) => {
    const count = records.filter((record) => record.verdict === verdict).length;
    return count === 0 ? `0 ${verdict}` : paint(verdictShade[verdict], `${count} ${verdict}`);
  });
  print(`${counts.join(", ")} in ${describeSeconds(seconds)}`);
}

interface FoldedRow {
  readonly verdict: CaseRecord["verdict"];
  readonly name: string;
  readonly reason: string;
}

/** What one explanation covers is one row; everything else has its own. */
function foldRecords(records: readonly CaseRecord[]): readonly FoldedRow[] {
  const rows: FoldedRow[] = [];
  const byEntry = new Map<string, CaseRecord[]>();
  for (const record of records) {
    const [entry] = record.known;
    if (entry === undefined) {
      rows.push({ verdict: record.verdict, name: record.case, reason: record.reason ?? "" });
    } else byEntry.set(entry, [...(byEntry.get(entry) ?? []), record]);
  }
  for (const [entry, covered] of byEntry) {
    const [first] = covered;
    const others = covered.length === 1 ? "" : ` and ${covered.length - 1} more`;
    rows.push({ verdict: "known", name: `${first?.case ?? ""}${others}`, reason: entry });
  }
  return rows;
}

/** The run as JUnit XML. */
export function formatTestsAsJunit(
  collection: string,
  { records, missing, seconds }: Pick<TestRunResult, "records" | "missing" | "seconds">,
  bench: Pick<TestBench, "kernel" | "qemu"> | null,
): string {
  const suite = `kselftest.${collection}`;
  return formatSuite({
    name: suite,
    cases: [
      ...records.map((record) => junitCaseOf(suite, record)),
      ...missing.map((name) => missingCase(suite, name)),
    ],
    seconds,
    ...(bench === null
      ? {}
      : {
          properties: {
            kernel: bench.kernel.version,
            "kernel.digest": bench.kernel.digest,
            qemu: bench.qemu.version,
            "qemu.digest": bench.qemu.digest,
          },
        }),
  });
}

function junitCaseOf(suite: string, record: CaseRecord): JunitCase {
  const { verdict, reason, seconds } = record;
  const test = { suite, name: record.case, seconds };
  const message = reason ?? verdict;
  const text = [...record.diagnosis, ...record.alarms, record.console ?? "", `reproduce: ${record.reproduce}`]
    .filter((line) => line !== "")
    .join("\n");
  switch (verdict) {
    case "pass":
      return test;
    case "known":
      return { ...test, output: `known: ${message}` };
    case "skip":
      return { ...test, outcome: { kind: "skipped", message } };
    case "fail":
      return { ...test, outcome: { kind: "failure", message, text } };
    case "error":
      return { ...test, outcome: { kind: "error", message, text } };
  }
}
