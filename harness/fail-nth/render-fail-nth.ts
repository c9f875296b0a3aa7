/** What came of failed allocations, for people. */
import { escapeLine } from "../report/escape.ts";
import { describeSeconds } from "../report/describe-record.ts";
import { verdictShade, type Paint } from "../report/paint.ts";
import { sumUp, type FailNthFinding, type FailNthRecord } from "./fail-nth-record.ts";
import { describeFinding } from "./run-fail-nth.ts";

/** Functions of a stack that are shown. */
const framesShown = 8;

/** A scenario: a line, and more where something differs. */
export function renderRecord(record: FailNthRecord, paint: Paint): readonly string[] {
  const { verdict, scenario, operations, kernels, findings, reason, seconds } = record;
  const { injections, refused } = sumUp(operations);
  const went = `${String(injections)} failed allocations in ${String(operations.length)} operations, ${String(refused)} refused`;
  const what =
    verdict === "skip" || verdict === "error" ? escapeLine(reason ?? "") : `${went}, ${String(kernels)} kernels`;
  const why = verdict === "known" ? `  ${reason ?? ""}` : "";
  return [
    `${paint(verdictShade[verdict], verdict.padEnd(5))} ${scenario.padEnd(34)} ${describeSeconds(seconds)}  ${what}${why}`,
    ...findings.flatMap(renderFinding),
  ];
}

function renderFinding(finding: FailNthFinding): readonly string[] {
  const { stack, reproduce } = finding;
  return [
    `      ${escapeLine(describeFinding(finding))}`,
    ...(stack.length === 0 ? [] : [`        asked by ${stack.slice(0, framesShown).map(escapeLine).join(" < ")}`]),
    `        ${reproduce}`,
  ];
}

/** All scenarios in a line. */
export function summariseRecords(records: readonly FailNthRecord[], seconds: number): string {
  const { injections, refused } = sumUp(records.flatMap(({ operations }) => operations));
  const count = (verdict: FailNthRecord["verdict"]): string =>
    `${String(records.filter((each) => each.verdict === verdict).length)} ${verdict}`;
  const verdicts = (["pass", "fail", "known", "skip", "error"] as const).map(count).join(", ");
  return `${verdicts} in ${describeSeconds(seconds)}: ${String(injections)} failed allocations, ${String(refused)} of them refused`;
}
