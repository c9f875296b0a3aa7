import { readFile } from "node:fs/promises";
import { Ajv } from "ajv";
import formats from "ajv-formats";
import { describe, expect, it } from "vitest";
import { ledgerOf } from "../testing/fake-bench.ts";
import { hostileText } from "../testing/hostile.ts";
import { failOf, recordOf } from "../testing/record-of.ts";
import { formatKcidb } from "./kcidb.ts";

interface Report {
  readonly checkouts: readonly Readonly<Record<string, unknown>>[];
  readonly builds: readonly Readonly<Record<string, unknown>>[];
  readonly tests: readonly Readonly<Record<string, unknown>>[];
  readonly issues: readonly Readonly<Record<string, unknown>>[];
  readonly incidents: readonly Readonly<Record<string, unknown>>[];
}

const schema = JSON.parse(
  await readFile(new URL("../../fixtures/kcidb/v5.3.schema.json", import.meta.url), "utf8"),
) as object;
// The schema has descriptions where draft 7 knows no such word; it is not ours to change.
const ajv = new Ajv({ strict: false, allErrors: true });
formats.default(ajv);
const validate = ajv.compile(schema);

function reportOf(text: string): Report {
  const report = JSON.parse(text) as Report;
  expect(validate(report) ? [] : validate.errors).toEqual([]);
  return report;
}

const rest = { missing: [], seconds: 1, ledger: [] };
const known = recordOf({
  ...{
    scenario: "replace@witness",
    verdict: "known",
    reason: "shadow-by-rpcit at step 3",
    known: ["shadow-by-rpcit"],
  },
});

describe("formatKcidb", () => {
  it("is what the schema takes, with a test for each scenario", () => {
    const records = [
      recordOf({ scenario: "passes" }),
      known,
      recordOf({ scenario: "skipped", verdict: "skip", reason: "the kernel lacks CONFIG_IOMMUFD" }),
      recordOf({ scenario: "broken", verdict: "error", reason: "QEMU died", details: ["remedy: none"] }),
      recordOf({ scenario: "unstarted", verdict: "error", steps: { planned: 3, performed: 0 } }),
      failOf("EINVAL", { scenario: "fails" }),
    ];
    const report = reportOf(
      formatKcidb({ ...rest, records, missing: ["never"], ledger: ledgerOf("shadow-by-rpcit") }),
    );
    expect(report.tests.map(({ path, status }) => [path, status])).toEqual([
      ["zhil.passes", "PASS"],
      ["zhil.replace-witness", "FAIL"],
      ["zhil.skipped", "SKIP"],
      ["zhil.broken", "ERROR"],
      ["zhil.unstarted", "MISS"],
      ["zhil.fails", "FAIL"],
      ["zhil.never", "MISS"],
    ]);
    expect(new Set(report.tests.map(({ id }) => id)).size).toBe(7);
    expect(report.tests[5]?.["log_excerpt"]).toBe('step 2 replace: result: expected "OK", observed "EINVAL"');
    expect(report.builds.map(({ id, checkout_id }) => [id, checkout_id])).toEqual([
      ["zhil:sha256:00", report.checkouts[0]?.["id"]],
    ]);
    expect(new Set(report.tests.map(({ build_id }) => build_id))).toEqual(new Set(["zhil:sha256:00"]));
  });

  it("explains what is known by an issue, whose culprit is who the ledger says", () => {
    const [entry] = ledgerOf("shadow-by-rpcit");
    const ledger = [{ ...entry!, fault: "kernel" as const }];
    const { tests, issues, incidents } = reportOf(formatKcidb({ ...rest, records: [known, known], ledger }));
    expect(issues).toMatchObject([
      {
        ...{ id: "zhil:divergence/shadow-by-rpcit", version: 20_261_121, report_subject: "An entry for tests" },
        culprit: { code: true, tool: false, harness: false },
      },
    ]);
    expect(incidents[0]).toMatchObject({ test_id: tests[0]?.["id"], issue_id: issues[0]?.["id"], present: true });
    const argued = reportOf(formatKcidb({ ...rest, records: [known], ledger: ledgerOf("shadow-by-rpcit") }));
    expect(argued.issues[0]).not.toHaveProperty("culprit");
  });

  it("has a build for each kernel, and bears any origin", () => {
    const other = recordOf();
    const patched = { version: "7.2.13", digest: "sha256:02", patches: ["a-mutant"] };
    const records = [recordOf(), { ...other, profile: { ...other.profile, kernel: patched } }];
    const { builds, checkouts } = reportOf(formatKcidb({ ...rest, records }, "our_lab"));
    expect(builds.map(({ id }) => id)).toEqual(["our_lab:sha256:00", "our_lab:sha256:02"]);
    expect(checkouts.map(({ id }) => id)).toEqual(["our_lab:linux/7.2.13", "our_lab:linux/7.2.13+a-mutant"]);
  });

  it("survives whatever a guest wrote, and bounds it", () => {
    const text = hostileText.repeat(500);
    const record = failOf(text, { scenario: hostileText, reason: text, details: [text], reproduce: hostileText });
    const out = formatKcidb({ ...rest, records: [record], missing: [hostileText] });
    const { tests } = reportOf(out);
    expect(String(tests[0]?.["log_excerpt"])).toHaveLength(16_384);
    const [first] = tests;
    const said = [first?.["log_excerpt"], first?.["comment"], first?.["id"], out].map(String).join("\n");
    expect(said).not.toMatch(/[\p{Cc}\p{Cf}](?<!\n)/u);
  });

  it("refuses a run with no test", () => {
    expect(() => formatKcidb({ ...rest, records: [] })).toThrow("Cannot report a run with no test");
  });
});
