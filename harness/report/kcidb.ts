/** A report for KCIDB, the database of kernel test results, in version 5.3 of its schema (github.com/kernelci/kcidb-io). */
import type { Divergence, Ledger } from "../../src/verdict/ledger.ts";
import type { ScenarioRecord } from "../evidence/record.ts";
import { describeDifference } from "./describe-record.ts";
import { escapeLine, escapeText } from "./escape.ts";
import { noTest, notRun, type ReportInput } from "./report-input.ts";
import { shorten } from "./screen.ts";

/** Name that a report's objects have before their colon where nobody gives one. */
export const defaultOrigin = "zhil";
/** What an origin may be. */
export const originPattern = /^[a-z0-9_]+$/u;
/** Most characters of an excerpt that the schema takes. */
const excerptLimit = 16_384;
const commentLimit = 1000;

type Status = "FAIL" | "ERROR" | "MISS" | "PASS" | "SKIP";

/**
 * A run as the JSON that `kcidb-submit` takes. What is known is a failure with the issues, one for each entry of the
 * ledger, that explain it. The same run gives the same ids, so that a report can be sent twice.
 * @throws {RangeError} for a run without a scenario
 */
export function formatKcidb({ records, missing, ledger }: ReportInput, origin = defaultOrigin): string {
  if (records.length + missing.length === 0) throw new RangeError(noTest);
  const id = (...parts: readonly string[]): string => `${origin}:${escapeLine(parts.join("/"))}`;
  const builds = uniqueBy(records, ({ profile }) => profile.kernel.digest);
  const lost = records[0]?.profile.kernel.digest ?? "unknown";
  const names = [...new Set(records.flatMap(({ known }) => known))];
  return JSON.stringify(
    {
      version: { major: 5, minor: 3 },
      checkouts: uniqueBy(builds, versionOf).map((record) => ({
        ...{ id: id("linux", versionOf(record)), origin, valid: true },
        git_commit_name: escapeLine(record.profile.kernel.version),
        misc: { patches: record.profile.kernel.patches.map(escapeLine) },
      })),
      builds: builds.map((record) => ({
        ...{ id: id(record.profile.kernel.digest), checkout_id: id("linux", versionOf(record)), origin },
        ...{ architecture: "s390x", status: "PASS" },
      })),
      tests: [
        ...records.map((record) => ({ ...describeTest(record, id), origin })),
        ...missing.map((name) => ({
          ...{ id: id(lost, "not run", name), build_id: id(lost), origin, path: pathOf(name) },
          ...{ status: "MISS" satisfies Status, comment: `${escapeLine(name)}: ${notRun}` },
        })),
      ],
      issues: names.map((name) => ({ ...describeIssue(name, ledger, id), origin })),
      incidents: records.flatMap((record) =>
        record.known.map((name) => ({
          ...{ id: id(testName(record), name), origin, test_id: id(testName(record)), present: true },
          ...{ issue_id: id("divergence", name), issue_version: versionOfIssue(entryOf(name, ledger)) },
        })),
      ),
    },
    null,
    2,
  );
}

type MakeId = (...parts: readonly string[]) => string;

function describeTest(record: ScenarioRecord, id: MakeId): Readonly<Record<string, unknown>> {
  const { scenario, summary, reason, profile, started, seconds, tags, seeds, reproduce, stale, caveats } = record;
  const excerpt = excerptOf(record);
  return {
    ...{ id: id(testName(record)), build_id: id(profile.kernel.digest), path: pathOf(scenario) },
    ...{ status: statusOf(record), start_time: started, duration: seconds },
    comment: shorten(escapeLine(`${scenario}: ${reason ?? summary}`), commentLimit),
    ...(excerpt === "" ? {} : { log_excerpt: excerpt }),
    environment: {
      comment: escapeLine(`${profile.bench}, QEMU ${profile.qemu.version}`),
      misc: { qemu: { version: escapeLine(profile.qemu.version), digest: profile.qemu.digest } },
    },
    misc: {
      ...{ scenario: escapeLine(scenario), verdict: record.verdict, tags, seeds },
      ...{ stale, caveats: caveats.map(escapeLine), reproduce: escapeLine(reproduce) },
    },
  };
}

/** What has no answer did not complete; where nothing was performed, it did not even begin. */
function statusOf({ verdict, steps }: ScenarioRecord): Status {
  switch (verdict) {
    case "pass":
      return "PASS";
    case "fail":
    case "known":
      return "FAIL";
    case "skip":
      return "SKIP";
    case "error":
      return steps.performed === 0 ? "MISS" : "ERROR";
  }
}

function excerptOf({ differences, details }: ScenarioRecord): string {
  const lines = [...differences.map(describeDifference), ...details.map(escapeText)];
  return lines.join("\n").slice(0, excerptLimit);
}

function describeIssue(name: string, ledger: Ledger, id: MakeId): Readonly<Record<string, unknown>> {
  const entry = entryOf(name, ledger);
  return {
    ...{ id: id("divergence", name), version: versionOfIssue(entry) },
    ...(entry === undefined ? {} : { report_subject: entry.title, comment: entry.observed, ...culpritOf(entry) }),
  };
}

/** Where it is argued who is at fault, nobody is named: a culprit that is all false would make the issue invalid. */
function culpritOf({ fault }: Divergence): Readonly<Record<string, unknown>> {
  switch (fault) {
    case "kernel":
      return { culprit: { code: true, tool: false, harness: false } };
    case "emulator":
      return { culprit: { code: false, tool: false, harness: true } };
    case "model":
      return { culprit: { code: false, tool: true, harness: false } };
    case "architecture":
    case "unknown":
      return {};
  }
}

const entryOf = (name: string, ledger: Ledger): Divergence | undefined => ledger.find((each) => each.name === name);

/** A number that grows whenever an entry is confirmed anew: its date. */
const versionOfIssue = (entry: Divergence | undefined): number =>
  Number(entry?.lastConfirmed.replaceAll("-", "") ?? 0);

const testName = ({ scenario, started, profile }: ScenarioRecord): string =>
  [profile.kernel.digest, profile.qemu.digest, started, scenario].join("/");

const versionOf = ({ profile }: ScenarioRecord): string =>
  [profile.kernel.version, ...profile.kernel.patches].join("+");

/** A path has words with dots between them, of few characters; the comment has the whole name. */
const pathOf = (scenario: string): string => `zhil.${scenario.replace(/[^A-Za-z0-9_-]+/gu, "-")}`;

function uniqueBy(records: readonly ScenarioRecord[], key: (record: ScenarioRecord) => string): ScenarioRecord[] {
  return [...new Map(records.map((record) => [key(record), record])).values()];
}
