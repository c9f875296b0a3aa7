/** A bisection for people: its report, and a mail that could be sent. Subjects and names are foreign text. */
import { escapeLine } from "../report/escape.ts";
import { describeSeconds } from "../report/describe-record.ts";
import { shorten } from "../report/screen.ts";
import type { BisectReport } from "./bisect-report.ts";
import { shortId } from "./short-id.ts";

const longestDetail = 160;

/** The report in lines. */
export function renderReport(report: BisectReport): readonly string[] {
  const { find, found, doubt, range, rate, log } = report;
  const noun = report.of.slice(0, -1);
  const what = `first ${find === "bad" ? "bad" : "fixing"} ${noun}`;
  const [first] = found;
  const lines: string[] = [];
  if (first === undefined) lines.push(doubt === "before" ? outside(report, "begins") : outside(report, "ends"));
  else if (found.length === 1) lines.push(`${first.commit} is the ${what}, ${percent(report.confidence)} sure`);
  else {
    lines.push(
      `The ${what} is one of these ${found.length}, ${percent(report.confidence)} sure; those between cannot be tested`,
    );
  }
  for (const { commit, author, date, subject } of found) {
    // Of a version there is nothing more to be told than its name.
    if (report.of === "versions") {
      if (found.length > 1) lines.push(`  ${commit}`);
      continue;
    }
    lines.push(
      ...[
        "",
        `commit ${commit}`,
        `Author: ${escapeLine(author)}`,
        `Date:   ${date}`,
        "",
        `    ${escapeLine(subject)}`,
      ],
    );
  }
  if (first !== undefined && doubt !== "none") {
    lines.push("", doubt === "before" ? "It may be older than the range." : "It may not have happened at all.");
  }
  lines.push("", `scenario  ${report.scenario}`);
  if (report.sought !== null) lines.push(`failure   ${escapeLine(report.sought)}`);
  if (report.judgedAs !== null) lines.push(`judged    as Linux ${report.judgedAs}: what is done otherwise fails`);
  if (rate !== null) lines.push(`shows in  ${percent(rate)} of runs of kernels that have it`);
  lines.push(`range     ${shortId(range.base)}..${shortId(range.tip)}, ${range.commits} ${noun}s`);
  for (const [name, side] of [
    ["with", report.with],
    ["without", report.without],
  ] as const) {
    if (side === null) continue;
    lines.push("", `${name.padEnd(9)} ${shortId(side.commit)}: seen in ${side.seen} of ${side.runs} runs`);
    if (side.seen > 0 && side.reason !== null) lines.push(`          ${shortened(side.reason)}`);
    lines.push(`          ${side.reproduce}`, `          evidence in ${side.evidence}`);
  }
  lines.push("", `${log.length} steps in ${describeSeconds(report.seconds)}:`);
  for (const { at, seconds, commit, outcome, detail } of log) {
    const why = detail === null || outcome === "absent" ? "" : `  ${shortened(detail)}`;
    lines.push(
      `  ${at.slice(11, 19)}  ${shortId(commit)}  ${outcome.padEnd(7)}  ${describeSeconds(seconds).padStart(8)}${why}`,
    );
  }
  return lines;
}

/** A mail about what was found, as a draft for `mutt -H` or git send-email; null where nothing was found. */
export function renderMail(report: BisectReport): string | null {
  const [first, ...others] = report.found;
  // Of versions there is nobody to be written to.
  if (first === undefined || report.of === "versions") return null;
  const isFix = report.find === "fix";
  const clean = (text: string): string => escapeLine(text);
  const short = `${shortId(first.commit)} ("${clean(first.subject)}")`;
  const headers = [
    `To: ${clean(first.author)}`,
    ...(first.people.length === 0 ? [] : [`Cc: ${[...new Set(first.people.map(clean))].join(",\n ")}`]),
    `Subject: ${isFix ? `${clean(first.subject)}: fixes a failure in` : "[REGRESSION]"} ${report.scenario}${isFix ? "" : `, since ${clean(first.subject)}`}`,
  ];
  const reason = report.with?.reason ?? null;
  const body = [
    "Hi,",
    "",
    `the zpci-hil scenario "${report.scenario}" ${isFix ? "no longer fails" : "fails"} since commit ${short}.`,
    ...(reason === null ? [] : ["", isFix ? "Before it, it says:" : "It says:", `  ${clean(reason)}`]),
    "",
    `Bisected over ${report.range.commits} commits (${shortId(report.range.base)}..${shortId(report.range.tip)}), ` +
      `${percent(report.confidence)} sure${report.rate === null || report.rate > 0.999 ? "" : `; it shows in ${percent(report.rate)} of runs`}.`,
    ...(others.length === 0
      ? []
      : [
          "",
          "Commits between cannot be tested, so it may as well be:",
          ...others.map(({ commit, subject }) => `  ${shortId(commit)} ("${clean(subject)}")`),
        ]),
    "",
    "In a kernel tree, with zpci-hil (QEMU for s390x, no mainframe needed):",
    ...(report.with === null ? [] : [`  fails:  ${report.with.reproduce}`]),
    ...(report.without === null ? [] : [`  passes: ${report.without.reproduce}`]),
    ...(isFix ? [] : ["", `#regzbot introduced: ${first.commit}`]),
    "",
  ];
  return [...headers, "", ...body].join("\n");
}

const outside = ({ of, find, range, confidence }: BisectReport, where: "begins" | "ends"): string => {
  const end = shortId(where === "begins" ? range.base : range.tip);
  const has = (find === "bad") === (where === "begins") ? "has the failure" : "does not have the failure";
  return `No ${of.slice(0, -1)} of the range: ${end}, where it ${where}, ${has} (${percent(confidence)} sure)`;
};

const shortened = (text: string): string => shorten(escapeLine(text), longestDetail);

/** A share as people say it: never all where it is less. */
function percent(share: number): string {
  const rounded = Math.min(share * 100, share < 1 ? 99.99 : 100);
  return `${rounded.toFixed(rounded > 99 ? 2 : rounded >= 10 ? 1 : 2).replace(/\.?0+$/u, "")} %`;
}
