/** JUnit XML, as continuous integration systems read it. */
import { Builder } from "xml2js";
import type { ScenarioRecord } from "../evidence/record.ts";
import { describeDifference } from "./describe-record.ts";
import { noTest, notRun, type ReportInput } from "./report-input.ts";

/** Differences that a failure's text lists; the record has them all. */
const listedDifferences = 50;

/** A suite of any kind. */
export interface JunitSuite {
  readonly name: string;
  readonly cases: readonly JunitCase[];
  readonly seconds: number;
  /** When it began, UTC. */
  readonly started?: string;
  readonly properties?: Readonly<Record<string, string>>;
}

/** A test of a suite. */
export interface JunitCase {
  readonly suite: string;
  readonly name: string;
  readonly seconds: number;
  /** What is no plain pass. */
  readonly outcome?: {
    readonly kind: "failure" | "error" | "skipped";
    readonly message: string;
    readonly text?: string;
  };
  /** What is to be read beside it. */
  readonly output?: string;
}

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
export function formatJunit({ records, missing, seconds }: Omit<ReportInput, "ledger">): string {
  const [first] = records;
  return formatSuite({
    name: `zhil.${first?.profile.bench ?? "unknown"}`,
    cases: [...records.map(testCaseOf), ...missing.map((scenario) => missingCase("zhil", scenario))],
    seconds,
    ...(first === undefined ? {} : { started: first.started, properties: propertiesOf(first) }),
  });
}

/**
 * A suite as JUnit XML.
 * @throws {RangeError} for one without a test
 */
export function formatSuite({ name, cases, seconds, started, properties }: JunitSuite): string {
  if (cases.length === 0) throw new RangeError(noTest);
  const count = (kind: "failure" | "error" | "skipped"): string =>
    String(cases.filter((each) => each.outcome?.kind === kind).length);
  const totals = {
    tests: String(cases.length),
    failures: count("failure"),
    errors: count("error"),
    skipped: count("skipped"),
    time: seconds.toFixed(3),
  };
  const suite = {
    $: { name: clean(name), ...totals, ...(started === undefined ? {} : { timestamp: localTime(started) }) },
    ...(properties === undefined ? {} : { properties: { property: listProperties(properties) } }),
    testcase: cases.map(spellCase),
  };
  return new Builder({ xmldec: { version: "1.0", encoding: "UTF-8" } }).buildObject({
    testsuites: { $: { name: "zhil", ...totals }, testsuite: [suite] },
  });
}

function testCaseOf(record: ScenarioRecord): JunitCase {
  const { scenario: name, verdict, reason, profile, seconds } = record;
  const test = { suite: `zhil.${profile.bench}`, name, seconds };
  const message = reason ?? verdict;
  switch (verdict) {
    case "pass":
      return reason === null ? test : { ...test, output: message };
    case "known":
      return { ...test, output: `known: ${reason ?? ""}` };
    case "skip":
      return { ...test, outcome: { kind: "skipped", message } };
    case "fail":
      return { ...test, outcome: { kind: "failure", message, text: failureText(record) } };
    case "error":
      return { ...test, outcome: { kind: "error", message, text: errorText(record) } };
  }
}

/** A test that never began: half a run must not look like a whole one. */
export const missingCase = (suite: string, name: string): JunitCase => ({
  ...{ suite, name, seconds: 0 },
  outcome: { kind: "error", message: notRun },
});

const outcomeTypes = { failure: "difference", error: "error", skipped: null } as const;

function spellCase({ suite, name, seconds, outcome, output }: JunitCase): TestCase {
  const $ = { classname: clean(suite), name: clean(name), time: seconds.toFixed(3) };
  if (outcome === undefined) return output === undefined ? { $ } : { $, "system-out": clean(output) };
  const { kind, message, text } = outcome;
  // What never began has nothing to tell.
  const type = kind === "error" && text === undefined ? "interrupted" : outcomeTypes[kind];
  const spelled: Outcome = {
    $: { message: clean(message), ...(type === null ? {} : { type }) },
    ...(text === undefined ? {} : { _: clean(text) }),
  };
  return { $, [kind]: spelled };
}

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

const propertiesOf = ({ profile }: ScenarioRecord): Readonly<Record<string, string>> => ({
  bench: profile.bench,
  kernel: profile.kernel.version,
  "kernel.digest": profile.kernel.digest,
  "kernel.patches": profile.kernel.patches.join(" "),
  qemu: profile.qemu.version,
  "qemu.digest": profile.qemu.digest,
});

const listProperties = (properties: Readonly<Record<string, string>>): { $: { name: string; value: string } }[] =>
  Object.entries(properties).map(([name, value]) => ({ $: { name, value: clean(value) } }));

/** The schema most readers use wants a time without zone. */
const localTime = (started: string): string => started.replace(/\.\d+Z$/u, "");

// XML 1.0 has no way to write these, not even as a reference.
const illegal = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;

function clean(text: string): string {
  return text.replace(illegal, (character) => `\\x${(character.codePointAt(0) ?? 0).toString(16).padStart(2, "0")}`);
}
