/** KTAP, version 1 (the kernel's Documentation/dev-tools/ktap.rst), as kernel test robots and `kunit.py parse` read it. */
import type { ScenarioRecord } from "../evidence/record.ts";
import { describeDifference } from "./describe-record.ts";
import { escapeLine } from "./escape.ts";
import { noTest, notRun, type ReportInput } from "./report-input.ts";

/** Differences that are listed before a result; the record has them all. */
const listedDifferences = 50;

/**
 * A run as KTAP. What is known is an expected failure, what has no answer and what never began are no passes.
 * @throws {RangeError} for a run without a scenario
 */
export function formatKtap({ records, missing, seconds }: ReportInput): string {
  const count = records.length + missing.length;
  if (count === 0) throw new RangeError(noTest);
  const results = [
    ...records.map((record) => ({ ...resultOf(record), name: record.scenario, diagnosis: diagnose(record) })),
    ...missing.map((name) => ({ ok: false, directive: `ERROR ${notRun}`, name, diagnosis: [] })),
  ];
  return [
    "KTAP version 1",
    ...describeProfile(records),
    `1..${count}`,
    ...results.flatMap(({ ok, directive, name, diagnosis }, index) => [
      // What is said of a test stands before its result.
      ...diagnosis.flatMap((text) => text.split("\n")).map((line) => `# ${escapeLine(line)}`),
      `${ok ? "ok" : "not ok"} ${index + 1} ${nameOf(name)}${directive === null ? "" : ` # ${escapeLine(directive)}`}`,
    ]),
    `# ${count} in ${seconds.toFixed(3)} s`,
  ].join("\n");
}

function resultOf({ verdict, reason }: ScenarioRecord): {
  readonly ok: boolean;
  readonly directive: string | null;
} {
  switch (verdict) {
    case "pass":
      return { ok: true, directive: null };
    case "known":
      return { ok: true, directive: `XFAIL ${reason ?? ""}` };
    case "skip":
      return { ok: true, directive: `SKIP ${reason ?? ""}` };
    case "error":
      return { ok: false, directive: `ERROR ${reason ?? ""}` };
    case "fail":
      return { ok: false, directive: null };
  }
}

function diagnose(record: ScenarioRecord): readonly string[] {
  const { verdict, reason, details, differences, evidence, reproduce, seconds } = record;
  const time = `duration: ${seconds.toFixed(3)} s`;
  if (verdict === "pass") return reason === null ? [time] : [reason, time];
  if (verdict === "known" || verdict === "skip") return [time];
  const lines = differences.filter((each) => each.verdict === "fail").map(describeDifference);
  const rest = lines.length - listedDifferences;
  return [
    ...lines.slice(0, listedDifferences),
    ...(rest > 0 ? [`and ${rest} more`] : []),
    ...details,
    ...[`reproduce: ${reproduce}`, `evidence: ${evidence}`, time],
  ];
}

function describeProfile([first]: readonly ScenarioRecord[]): readonly string[] {
  if (first === undefined) return [];
  const { bench, kernel, qemu } = first.profile;
  const patches = kernel.patches.length === 0 ? "" : ` with ${kernel.patches.join(", ")}`;
  return [`# ${escapeLine(`${bench}: Linux ${kernel.version}${patches} on QEMU ${qemu.version}`)}`];
}

/** A name ends where a `#` begins, and has no spaces that could be taken for anything else. */
const nameOf = (name: string): string => escapeLine(name).replaceAll("#", "\\x23").replace(/\s+/gu, "_");
