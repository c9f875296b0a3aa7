/**
 * Reads what a kernel test says: KTAP (Documentation/dev-tools/ktap.rst) as tools/testing/selftests/kselftest_harness.h
 * writes it. It comes from a guest: bounded, and taken for nothing but text.
 */

/** What a test said of itself. */
export type KtapOutcome = "pass" | "fail" | "skip";

/** One test's result. */
export interface KtapResult {
  readonly name: string;
  readonly outcome: KtapOutcome;
  /** What stands behind its result: the reason of a skip, else mostly nothing. */
  readonly reason: string;
  /** Its lines of diagnosis, without their mark. */
  readonly diagnosis: readonly string[];
}

/** What a program said. */
export interface Ktap {
  /** How many tests it announced; null where it announced none. */
  readonly planned: number | null;
  readonly results: readonly KtapResult[];
  /** The test that was begun and has no result; null where there is none. */
  readonly unfinished: string | null;
  /** What was said of that one, or after the last result. */
  readonly rest: readonly string[];
}

/** Results that are taken; no program of the kernel's has a tenth of it. */
const resultsLimit = 10_000;
/** Lines of one test that are kept. */
const diagnosisLimit = 100;
/** Characters of a line, a name or a reason that are kept. */
const textLimit = 500;

const resultLine = /^(?<not>not )?ok (?<number>\d{1,9})(?: -)?(?: (?<name>[^#\s]\S*))?(?: # ?(?<reason>.*))?$/u;
const planLine = /^1\.\.(?<count>\d{1,9})(?: #.*)?$/u;
const beginLine = /^# {2}RUN {11}(?<name>\S+) \.\.\.$/u;
/** What the harness says of a test beside its result: that again, or nothing. */
const echoLine = /^# +(?:OK|FAIL) {2}\S+$|^# Starting \d+ tests|^# (?:PASSED|FAILED): \d+ \/ \d+|^# Totals: /u;

/** Reads a program's output, whatever it is. */
export function parseKtap(output: string): Ktap {
  let planned: number | null = null;
  let begun: string | null = null;
  let diagnosis: string[] = [];
  const results: KtapResult[] = [];
  for (const raw of output.split("\n")) {
    const line = raw.slice(0, textLimit).trimEnd();
    const plan = planLine.exec(line)?.groups?.["count"];
    const begin = beginLine.exec(line)?.groups?.["name"];
    const result = resultLine.exec(line)?.groups;
    if (plan !== undefined) planned ??= Number(plan);
    else if (begin !== undefined) {
      begun = begin;
      diagnosis = [];
    } else if (result !== undefined && results.length < resultsLimit) {
      const { not, name = "", reason = "" } = result;
      results.push({ name, outcome: outcomeOf(not !== undefined, reason), reason: withoutWord(reason), diagnosis });
      begun = null;
      diagnosis = [];
    } else if (line !== "" && !echoLine.test(line) && !/^(?:K?TAP) version \d+$/u.test(line)) {
      if (diagnosis.length < diagnosisLimit) diagnosis.push(line.replace(/^# {0,6}/u, ""));
    }
  }
  return { planned, results, unfinished: begun, rest: diagnosis };
}

/** XFAIL and XPASS are the test's own expectations, met and not (ktap.rst, "Test case result lines"). */
function outcomeOf(isNot: boolean, reason: string): KtapOutcome {
  if (/^XPASS\b/iu.test(reason) || /^(?:TIMEOUT|ERROR)\b/iu.test(reason)) return "fail";
  if (/^XFAIL\b/iu.test(reason)) return "pass";
  if (/^(?:SKIP)\b/iu.test(reason)) return "skip";
  return isNot ? "fail" : "pass";
}

const withoutWord = (reason: string): string => reason.replace(/^(?:SKIP|XFAIL|XPASS|TIMEOUT|ERROR)\b:? */iu, "");
