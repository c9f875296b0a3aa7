import { relative } from "node:path";
import Table from "cli-table3";
import { verdicts, type ScenarioRecord } from "../evidence/record.ts";
import { describeSeconds } from "./describe-record.ts";
import { escapeLine } from "./escape.ts";
import { verdictShade } from "./paint.ts";
import type { Reporter, RunResult } from "./reporter.ts";
import { shorten, type Screen } from "./screen.ts";

/** Below this width a table has no room for reasons: they are listed instead. */
const narrowest = 64;
const verdictWidth = 9;
/** Most of a reason that a table shows; the record has all of it. */
const longestReason = 400;

/** What a run came to: a row for everything that is no plain pass, then the counts. */
export class TableReporter implements Reporter {
  readonly name = "table";
  readonly #screen: Screen;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  finish(result: RunResult): void {
    const { print, paint } = this.#screen;
    const rows = result.records.filter((record) => record.verdict !== "pass" || record.stale.length > 0);
    print();
    if (rows.length > 0) this.#printRows(rows);
    for (const note of notesOf(result)) print(paint("odd", note));
    print(this.#countLine(result));
    const broken = rows.filter((record) => record.verdict === "fail" || record.verdict === "error");
    for (const record of broken) {
      print(`  zhil show ${relative(process.cwd(), record.evidence)}`);
    }
  }

  #printRows(rows: readonly ScenarioRecord[]): void {
    const { print, paint, width } = this.#screen;
    if (width < narrowest) {
      for (const record of rows) {
        print(`${paint(verdictShade[record.verdict], record.verdict)} ${record.scenario}`);
        print(`  ${reasonOf(record)}`);
      }
      return;
    }
    const longestName = Math.max(...rows.map((record) => record.scenario.length), "scenario".length);
    const nameWidth = Math.min(longestName + 2, Math.floor(width * 0.4));
    const reasonWidth = width - verdictWidth - nameWidth - 4;
    const table = new Table({
      head: ["verdict", "scenario", "reason"],
      colWidths: [verdictWidth, nameWidth, reasonWidth],
      wordWrap: true,
      // No rules between rows: a table of forty is to fit on a screen.
      chars: { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" },
      // Without these the table brings colours of its own.
      style: { head: [], border: [], "padding-left": 1, "padding-right": 1 },
    });
    for (const record of rows) {
      table.push([
        paint(verdictShade[record.verdict], record.verdict),
        shorten(record.scenario, nameWidth - 2),
        breakWords(reasonOf(record), reasonWidth - 2),
      ]);
    }
    print(table.toString());
  }

  #countLine({ records, missing, seconds }: RunResult): string {
    const { paint } = this.#screen;
    const counts = verdicts.map((verdict) => {
      const count = records.filter((record) => record.verdict === verdict).length;
      return count === 0 ? `${count} ${verdict}` : paint(verdictShade[verdict], `${count} ${verdict}`);
    });
    if (missing.length > 0) counts.push(paint("bad", `${missing.length} not run`));
    return `${counts.join(", ")} in ${describeSeconds(seconds)}`;
  }
}

const reasonOf = (record: ScenarioRecord): string => shorten(escapeLine(record.reason ?? ""), longestReason);

/** A word that is wider than its column would be cut off by the table. */
const breakWords = (text: string, width: number): string =>
  text.replace(new RegExp(`\\S{${width}}(?=\\S)`, "gu"), "$&\n");

/** Caveats, each once; those that differ in a count alone are told of by the largest. */
function foldCaveats(caveats: readonly string[]): readonly string[] {
  const largest = new Map<string, string>();
  const countOf = (caveat: string): number => Number(sharedCount.exec(caveat)?.groups?.["count"] ?? 0);
  for (const caveat of caveats) {
    const kind = caveat.replace(sharedCount, "shared");
    if (countOf(caveat) >= countOf(largest.get(kind) ?? "")) largest.set(kind, caveat);
  }
  return [...largest.values()].map((caveat) => caveat.replace(sharedCount, "shared with up to $<count> scenarios"));
}

const sharedCount = /shared with (?<count>\d+) scenarios?/u;

/** What must not be overlooked, each once. */
function notesOf({ records, interrupted, missing }: RunResult): string[] {
  const notes: string[] = [];
  for (const entry of new Set(records.flatMap((record) => record.stale))) {
    const where = records.filter((record) => record.stale.includes(entry)).map((record) => record.scenario);
    notes.push(
      `STALE: the ledger's "${entry}" was due and the contract was observed instead, in ${where.join(", ")}`,
    );
    notes.push(`       It may be fixed: end its range in fixtures/divergences/${entry}.yaml`);
  }
  for (const caveat of foldCaveats(records.flatMap((record) => record.caveats)))
    notes.push(`Note: ${escapeLine(caveat)}`);
  if (records.length > 0 && records.every((record) => record.verdict === "skip")) {
    notes.push("Note: every scenario was skipped, so nothing was decided");
  }
  if (interrupted) notes.push(`Interrupted: ${missing.length} not run`);
  return notes;
}
