/** Markdown, as a comment on a pull request or a job's summary shows it. */
import { verdicts, type ScenarioRecord } from "../evidence/record.ts";
import { describeDifference, describeSeconds } from "./describe-record.ts";
import { escapeLine } from "./escape.ts";
import { noTest, notRun, type ReportInput } from "./report-input.ts";
import { shorten } from "./screen.ts";

/** Characters of a reason in the table, and of a difference below it; the record has all of them. */
const longestReason = 160;
const longestDifference = 400;
/** Scenarios and differences that are shown in full: a comment has at most 65,536 characters. */
const shownScenarios = 20;
const shownDifferences = 20;

/**
 * A run as Markdown: counts, a row for everything that is no plain pass, then the differences of what failed.
 * @throws {RangeError} for a run without a scenario
 */
export function formatMarkdown({ records, missing, seconds }: ReportInput): string {
  const [first] = records;
  if (first === undefined && missing.length === 0) throw new RangeError(noTest);
  const rows = records.filter(({ verdict, stale }) => isBad(verdict) || verdict === "known" || stale.length > 0);
  const bad = records.filter(({ verdict }) => isBad(verdict));
  const rest = bad.length - shownScenarios;
  return [
    `### ${bad.length + missing.length === 0 ? "✅" : "❌"} ${countLine(records, missing.length, seconds)}`,
    ...(first === undefined ? [] : ["", describeProfile(first)]),
    ...(rows.length + missing.length === 0 ? [] : ["", "| verdict | scenario | reason |", "|---|---|---|"]),
    ...rows.map(({ verdict, scenario, reason }) => `| ${verdict} | ${code(scenario)} | ${cell(reason ?? "")} |`),
    ...missing.map((name) => `| **none** | ${code(name)} | ${notRun} |`),
    ...bad.slice(0, shownScenarios).flatMap(describeBad),
    ...(rest > 0 ? ["", `and ${rest} more`] : []),
  ].join("\n");
}

/** Text that somebody else wrote, as code: nothing in it is markup, a link or somebody's name. */
export function code(text: string): string {
  // A bar would end a table's cell, even in code; its escape is undone in tables only, so it is avoided altogether.
  const line = escapeLine(text).replaceAll("|", "\u00a6").trim();
  if (line === "") return "";
  const longest = Math.max(0, ...[...line.matchAll(/`+/gu)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const pad = line.startsWith("`") || line.endsWith("`") ? " " : "";
  return `${fence}${pad}${line}${pad}${fence}`;
}

const isBad = (verdict: ScenarioRecord["verdict"]): boolean => verdict === "fail" || verdict === "error";

const cell = (reason: string): string => code(shorten(escapeLine(reason), longestReason));

function countLine(records: readonly ScenarioRecord[], missing: number, seconds: number): string {
  const counts = verdicts.map(
    (verdict) => `${records.filter((record) => record.verdict === verdict).length} ${verdict}`,
  );
  return `${[...counts, ...(missing === 0 ? [] : [`${missing} not run`])].join(", ")} in ${describeSeconds(seconds)}`;
}

function describeProfile({ profile: { bench, kernel, qemu } }: ScenarioRecord): string {
  const patches = kernel.patches.length === 0 ? "" : ` with ${kernel.patches.map(code).join(", ")}`;
  return `${code(bench)}: Linux ${code(kernel.version)}${patches} on QEMU ${code(qemu.version)}`;
}

function describeBad(record: ScenarioRecord): readonly string[] {
  const { scenario, summary, verdict, differences, details, reason, reproduce } = record;
  const failing = differences.filter((each) => each.verdict === "fail").map(describeDifference);
  const lines = failing.length > 0 ? failing : [reason ?? "", ...details].filter((line) => line !== "");
  const rest = lines.length - shownDifferences;
  return [
    "",
    `**${verdict}** ${code(scenario)}${summary === "" ? "" : `: ${code(summary)}`}`,
    "",
    ...lines.slice(0, shownDifferences).map((line) => `- ${code(shorten(escapeLine(line), longestDifference))}`),
    ...(rest > 0 ? [`- and ${rest} more`] : []),
    ...["", `Again: ${code(reproduce)}`],
  ];
}
