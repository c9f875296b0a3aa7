import { expect, it } from "vitest";
import type { Verdict } from "../evidence/record.ts";
import { recordOf } from "../testing/record-of.ts";
import { exitCodeOf } from "./exit-code.ts";

const broken = [{ name: "junit", error: new Error("full disk") }];

it.each<[string, Verdict[], number]>([
  ["passes", ["pass", "pass"], 0],
  ["known differences and skips", ["pass", "known", "skip"], 0],
  ["skips alone", ["skip"], 0],
  ["a fail", ["pass", "fail"], 1],
  ["an error", ["pass", "error"], 2],
  ["a fail and an error", ["error", "fail"], 1],
  ["nothing at all", [], 2],
])("%s", (_, verdicts, code) => {
  const records = verdicts.map((verdict) => recordOf({ verdict }));
  const result = { records, missing: [], interrupted: false, seconds: 1, folder: "" };
  expect(exitCodeOf(result, [])).toBe(code);
  expect(exitCodeOf(result, broken)).toBe(2);
});

it("an interrupted run is no pass, and a fail in it is a fail", () => {
  const rest = { missing: ["one"], interrupted: true, seconds: 1, folder: "" };
  expect(exitCodeOf({ ...rest, records: [recordOf()] }, [])).toBe(2);
  expect(exitCodeOf({ ...rest, records: [recordOf({ verdict: "fail" })] }, [])).toBe(1);
});
