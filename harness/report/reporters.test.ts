import { describe, expect, it } from "vitest";
import type { ScenarioRecord } from "../evidence/record.ts";
import { failOf, recordOf } from "../testing/record-of.ts";
import { LineReporter } from "./line-reporter.ts";
import { ReporterGroup, type Reporter, type RunResult } from "./reporter.ts";
import { createScreen, wantedColumns, wantsColours, type Output } from "./screen.ts";
import { TableReporter } from "./table-reporter.ts";

class Paper implements Output {
  text = "";
  readonly columns: number | null;
  readonly isTerminal: boolean;
  constructor(columns: number | null = null, isTerminal = false) {
    this.columns = columns;
    this.isTerminal = isTerminal;
  }
  write(text: string): void {
    this.text += text;
  }
  get lines(): string[] {
    return this.text.split("\n");
  }
}

const resultOf = (records: readonly ScenarioRecord[], changes: Partial<RunResult> = {}): RunResult => ({
  records,
  missing: [],
  interrupted: false,
  seconds: 75,
  folder: "/runs/latest",
  ledger: [],
  ...changes,
});

const long =
  'step 12 dma-write: memory.q[0]: expected "block:a:2", observed nothing (and 7 more), which is a long reason';
const mixed = [
  recordOf(),
  failOf("EIO", { reason: long }),
  recordOf({
    scenario: "known-one",
    verdict: "known",
    reason: "shadow-by-rpcit at step 5",
    known: ["shadow-by-rpcit"],
  }),
  recordOf({ scenario: "skipped-one", verdict: "skip", reason: "the kernel lacks CONFIG_IOMMUFD" }),
  recordOf({ scenario: "broken-one", verdict: "error", reason: "QEMU died\u001b[2J" }),
];

function printTable(result: RunResult, columns: number | null = null, colours = false): Paper {
  const paper = new Paper(columns);
  new TableReporter(createScreen(paper, colours)).finish(result);
  return paper;
}

describe("TableReporter", () => {
  it("has a row with its reason for everything that is no pass, and the counts", () => {
    const { text } = printTable(resultOf(mixed), 140);
    for (const word of [
      "fail",
      "replace-full",
      "known-one",
      "shadow-by-rpcit at step 5",
      "skipped-one",
      "CONFIG_IOMMUFD",
    ]) {
      expect(text).toContain(word);
    }
    expect(text).not.toContain("attach-twice ");
    expect(text).toContain("1 pass, 1 fail, 1 known, 1 skip, 1 error in 75.0 s");
    expect(text).toContain("QEMU died\\x1b[2J");
  });

  it.each([64, 80, 100, 200])("stays within %i columns and loses nothing of a reason", (columns) => {
    const paper = printTable(resultOf(mixed), columns);
    const table = paper.lines.filter((line) => /[│┌├└]/u.test(line));
    expect(Math.max(...table.map((line) => line.length))).toBeLessThanOrEqual(columns);
    const cells = table.map((line) => line.split("│")[3]?.trim() ?? "").join(" ");
    for (const word of long.split(" ")) expect(cells).toContain(word);
  });

  it("wraps a word that is wider than its column", () => {
    const paper = printTable(resultOf([failOf("EIO", { reason: "x".repeat(300) })]), 80);
    expect(paper.text.match(/x/gu)).toHaveLength(300);
    expect(Math.max(...paper.lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it("is a list where a table has no room", () => {
    const { text, lines } = printTable(resultOf(mixed), 40);
    expect(text).not.toContain("│");
    expect(lines).toContain("fail replace-full");
    expect(lines).toContain(`  ${long}`);
  });

  it("has no table where everything passed, and no colours unless asked for", () => {
    const { text } = printTable(resultOf([recordOf()]));
    expect(text).toBe("\n1 pass, 0 fail, 0 known, 0 skip, 0 error in 75.0 s\n");
    expect(printTable(resultOf(mixed), 100, true).text).toContain("\u001b[31mfail");
    expect(printTable(resultOf(mixed), 100, false).text).not.toContain("\u001b");
  });

  it("says once what must not be overlooked", () => {
    const stale = { stale: ["shadow-by-rpcit"], caveats: ["kernel 9.0 is newer than any"] };
    const { text } = printTable(
      resultOf([recordOf({ ...stale, scenario: "one" }), recordOf({ ...stale, scenario: "two" })]),
    );
    expect(text.match(/STALE: .*"shadow-by-rpcit".* in one, two/gu)).toHaveLength(1);
    expect(text.match(/kernel 9\.0/gu)).toHaveLength(1);
    expect(text).toContain("end its range in fixtures/divergences/shadow-by-rpcit.yaml");
  });

  it("says once that a kernel was shared, and with how many at most", () => {
    const shared = (count: string): { caveats: string[] } => ({
      caveats: [`kernel shared with ${count} before this one`],
    });
    const records = ["9 scenarios", "1 scenario", "10 scenarios"].map((count) => recordOf(shared(count)));
    const { text } = printTable(resultOf(records));
    expect(text.match(/Note: .*/gu)).toEqual(["Note: kernel shared with up to 10 scenarios before this one"]);
  });

  it("has a row for a pass at which an entry was stale", () => {
    const { text } = printTable(
      resultOf([recordOf({ stale: ["shadow-by-rpcit"], reason: "stale: due and not seen" })]),
    );
    expect(text).toMatch(/│ pass +│ attach-twice +│ stale: due and not seen +│/u);
  });

  it("says what an interrupted run did not do", () => {
    const { text } = printTable(resultOf([recordOf()], { interrupted: true, missing: ["two", "three"] }));
    expect(text).toContain("Interrupted: 2 not run");
    expect(text).toContain("0 error, 2 not run in");
  });
});

describe("LineReporter", () => {
  const plan = { scenarios: ["attach-twice", "replace-full"], bench: "a bench", jobs: 2, folder: "/runs/latest" };

  it("prints a line as each scenario ends, shortened to the width there is", () => {
    const paper = new Paper(60);
    const reporter = new LineReporter(createScreen(paper, false));
    reporter.begin(plan);
    reporter.ended(recordOf());
    reporter.ended(failOf("EIO", { reason: long }));
    expect(paper.lines[0]).toBe("2 scenarios on a bench, 2 at a time");
    expect(paper.lines[2]).toBe("pass  attach-twice   1.50 s");
    expect(paper.lines[3]).toMatch(/^fail {2}replace-full {3}1\.50 s {2}step 12 .*…$/u);
    expect(Math.max(...paper.lines.slice(2).map((line) => line.length))).toBeLessThanOrEqual(60);
  });

  it("shows on a terminal what runs, on a line that goes away", () => {
    const paper = new Paper(30, true);
    const reporter = new LineReporter(createScreen(paper, false));
    reporter.begin(plan);
    reporter.started("attach-twice");
    reporter.started("replace-full");
    const status = paper.text.split("\u001b[2K").at(-1) ?? "";
    expect(status).toBe("[0/2] attach-twice, replace-…");
    reporter.ended(recordOf());
    reporter.ended(failOf("EIO"));
    reporter.finish();
    expect(paper.text.endsWith("\n")).toBe(true);
  });

  it("tells on a terminal what failed so far, the pace, and how long the rest takes at that", () => {
    const paper = new Paper(80, true);
    let now = 1000;
    const reporter = new LineReporter(createScreen(paper, false), false, () => now);
    const scenarios = Array.from({ length: 200 }, (_, index) => `scenario-${index}`);
    reporter.begin({ scenarios, bench: "a bench", jobs: 1, folder: "/runs/latest" });
    const end = (record: ScenarioRecord): string => {
      reporter.started("next");
      now += 500;
      reporter.ended(record);
      reporter.started("next");
      return paper.text.split("\u001b[2K").at(-1) ?? "";
    };
    expect(end(recordOf())).toBe("[1/200] next");
    expect(end(failOf("EIO"))).toBe("[2/200] 1 fail: next");
    expect(end(recordOf())).toBe("[3/200] 1 fail, 2.0/s, 1 min 39 s left: next");
    for (let more = 0; more < 100; more++) end(recordOf());
    expect(end(recordOf({ verdict: "error" }))).toBe("[104/200] 1 fail, 1 error, 2.0/s, 48 s left: next");
  });
});

describe("wantsColours", () => {
  it.each([
    ["a terminal", true, {}, true, true],
    ["a pipe", false, {}, true, false],
    ["NO_COLOR", true, { NO_COLOR: "1" }, true, false],
    ["an empty NO_COLOR", true, { NO_COLOR: "" }, true, true],
    ["FORCE_COLOR on a pipe", false, { FORCE_COLOR: "1" }, true, true],
    ["a dumb terminal", true, { TERM: "dumb" }, true, false],
    ["--no-color", true, { FORCE_COLOR: "1" }, false, false],
  ])("%s", (_, isTerminal, environment, option, wanted) => {
    expect(wantsColours(new Paper(80, isTerminal), environment, option)).toBe(wanted);
  });
});

describe("wantedColumns", () => {
  it.each([
    ["a terminal", 80, {}, 80],
    ["a terminal without a size", 0, {}, null],
    ["a pipe", undefined, {}, null],
    ["COLUMNS on a pipe", undefined, { COLUMNS: "60" }, 60],
    ["COLUMNS on a terminal", 80, { COLUMNS: "40" }, 40],
    ["COLUMNS that is no number", 80, { COLUMNS: "wide" }, 80],
  ])("%s", (_, told, environment, wanted) => {
    expect(wantedColumns(told, environment)).toBe(wanted);
  });
});

describe("ReporterGroup", () => {
  it("goes on with the others where one throws, tells it nothing more, and remembers", async () => {
    const told: string[] = [];
    const reporter = (name: string, throwing: boolean): Reporter => ({
      name,
      ended: () => {
        told.push(`${name} ended`);
        if (throwing) throw new Error("full disk");
      },
      finish: () => {
        told.push(`${name} finish`);
      },
    });
    const group = new ReporterGroup([reporter("one", true), reporter("two", false)]);
    group.ended(recordOf());
    await group.finish(resultOf([]));
    expect(told).toEqual(["one ended", "two ended", "two finish"]);
    expect(group.broken).toEqual([{ name: "one", error: new Error("full disk") }]);
  });
});
