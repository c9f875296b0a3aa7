import { expect, it } from "vitest";
import { parseKtap } from "../kselftest/ktap.ts";
import { hostileText } from "../testing/hostile.ts";
import { failOf, recordOf } from "../testing/record-of.ts";
import { formatKtap } from "./ktap-report.ts";

const rest = { missing: [], seconds: 3.25, ledger: [] };

it("has a plan, a result for each scenario, and what is known as an expected failure", () => {
  const records = [
    recordOf({ scenario: "passes" }),
    recordOf({ scenario: "known", verdict: "known", reason: "shadow-by-rpcit at step 3" }),
    recordOf({ scenario: "skipped", verdict: "skip", reason: "the kernel lacks CONFIG_IOMMUFD" }),
    recordOf({ scenario: "broken", verdict: "error", reason: "QEMU died", details: ["remedy: none"] }),
    failOf("EINVAL", { scenario: "fails" }),
  ];
  const text = formatKtap({ ...rest, records, missing: ["never-started"] });
  expect(text.split("\n").filter((line) => !line.startsWith("#"))).toEqual([
    "KTAP version 1",
    "1..6",
    "ok 1 passes",
    "ok 2 known # XFAIL shadow-by-rpcit at step 3",
    "ok 3 skipped # SKIP the kernel lacks CONFIG_IOMMUFD",
    "not ok 4 broken # ERROR QEMU died",
    "not ok 5 fails",
    "not ok 6 never-started # ERROR Not run: the run ended before it",
  ]);
  const { planned, results } = parseKtap(text);
  expect(planned).toBe(6);
  expect(results.map(({ outcome }) => outcome)).toEqual(["pass", "pass", "skip", "fail", "fail", "fail"]);
  expect(results[4]?.diagnosis).toContain('step 2 replace: result: expected "OK", observed "EINVAL"');
  expect(results[3]?.diagnosis).toContain("remedy: none");
});

it("lets nobody else add a line, a result or a directive", () => {
  const hostile = failOf(hostileText, { scenario: hostileText, reason: hostileText, details: [hostileText] });
  const records = [hostile, { ...hostile, verdict: "skip" as const }];
  const { planned, results } = parseKtap(formatKtap({ ...rest, records, missing: [hostileText] }));
  expect(planned).toBe(3);
  expect(results.map(({ outcome }) => outcome)).toEqual(["fail", "skip", "fail"]);
  expect(formatKtap({ ...rest, records })).not.toMatch(/[\p{Cc}\p{Cf}](?<!\n)/u);
});

it("refuses a run with no test", () => {
  expect(() => formatKtap({ ...rest, records: [] })).toThrow("Cannot report a run with no test");
});
