/** JUnit XML, as continuous integration systems read it. */
import { Builder } from "xml2js";
import type { ScenarioRecord } from "../evidence/record.ts";
import { describeDifference } from "./describe-record.ts";
import type { RunResult } from "./reporter.ts";

/** What a report is made of. */
export type JunitInput = Pick<RunResult, "records" | "missing" | "seconds">;

/** Differences that a failure's text lists; the record has them all. */
const listedDifferences = 50;

interface TestCase {
  readonly $: Readonly<Record<string, string>>;
  readonly failure?: Outcome;
  readonly error?: Outcome;
  readonly skipped?: Outcome;
  readonly "system-out"?: string;
}

interface Outcome {
  readonly $: Readonly<Record<string, string>>;
  readonly _?: string;
}

/**
 * A run as JUnit XML. Scenarios that never started count as errors, so that half a run never looks like a whole one.
 * @throws {RangeError} for a run without a scenario
 */
export function formatJunit({ records, missing, seconds }: JunitInput): string {
  const cases = [...records.map(testCaseOf), ...missing.map(missingCase)];
  if (cases.length === 0) throw new RangeError("Cannot report a run with no test");
  const count = (kind: "failure" | "error" | "skipped"): string =>
    String(cases.filter((each) => each[kind] !== undefined).length);
  const totals = {
    tests: String(cases.length),
    failures: count("failure"),
    errors: count("error"),
    skipped: count("skipped"),
    time: seconds.toFixed(3),
  };
  const [first] = records;
  const bench = first?.profile.bench ?? "unknown";
  const suite = {
    $: { name: clean(`zhil.${bench}`), ...totals, ...(first === undefined ? {} : { timestamp: localTime(first) }) },
    ...(first === undefined ? {} : { properties: { property: propertiesOf(first) } }),
    testcase: cases,
  };
  return new Builder({ xmldec: { version: "1.0", encoding: "UTF-8" } }).buildObject({
    testsuites: { $: { name: "zhil", ...totals }, testsuite: [suite] },
  });
}

function testCaseOf(record: ScenarioRecord): TestCase {
  const { scenario, verdict, reason, profile, seconds } = record;
  const $ = { classname: clean(`zhil.${profile.bench}`), name: clean(scenario), time: seconds.toFixed(3) };
  const message = clean(reason ?? verdict);
  switch (verdict) {
    case "pass":
      return reason === null ? { $ } : { $, "system-out": message };
    case "known":
      return { $, "system-out": clean(`known: ${reason ?? ""}`) };
    case "skip":
      return { $, skipped: { $: { message } } };
    case "fail":
      return { $, failure: { $: { message, type: "difference" }, _: clean(failureText(record)) } };
    case "error":
      return { $, error: { $: { message, type: "error" }, _: clean(errorText(record)) } };
  }
}

const missingCase = (scenario: string): TestCase => ({
  $: { classname: "zhil", name: clean(scenario), time: "0.000" },
  error: { $: { message: "Not run: the run ended before it", type: "interrupted" } },
});

function failureText(record: ScenarioRecord): string {
  const lines = record.differences.filter((each) => each.verdict === "fail").map(describeDifference);
  const rest = lines.length - listedDifferences;
  return [
    ...lines.slice(0, listedDifferences),
    ...(rest > 0 ? [`and ${rest} more`] : []),
    ...closingLines(record),
  ].join("\n");
}

const errorText = (record: ScenarioRecord): string =>
  [record.reason ?? "", ...record.details, ...closingLines(record)].join("\n");

const closingLines = (record: ScenarioRecord): string[] => [
  `reproduce: ${record.reproduce}`,
  `evidence: ${record.evidence}`,
];

function propertiesOf({ profile }: ScenarioRecord): { $: { name: string; value: string } }[] {
  const values = {
    bench: profile.bench,
    kernel: profile.kernel.version,
    "kernel.digest": profile.kernel.digest,
    "kernel.patches": profile.kernel.patches.join(" "),
    qemu: profile.qemu.version,
    "qemu.digest": profile.qemu.digest,
  };
  return Object.entries(values).map(([name, value]) => ({ $: { name, value: clean(value) } }));
}

/** The schema most readers use wants a time without zone. */
const localTime = (record: ScenarioRecord): string => record.started.replace(/\.\d+Z$/u, "");

// XML 1.0 has no way to write these, not even as a reference.
const illegal = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;

function clean(text: string): string {
  return text.replace(illegal, (character) => `\\x${(character.codePointAt(0) ?? 0).toString(16).padStart(2, "0")}`);
}
