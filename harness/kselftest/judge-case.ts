/** From what a case's program said, and how it ended, to its verdict. */
import type { CaseRecord } from "./case-record.ts";
import { explanationsOf, type Explanation } from "./explanations.ts";
import { parseKtap, type KtapOutcome, type KtapResult } from "./ktap.ts";
import type { ProgramEnd } from "./test-machine.ts";

/** What a judgement says. */
export type Judgement = Pick<
  CaseRecord,
  "verdict" | "reason" | "known" | "stale" | "diagnosis" | "alarms" | "console"
>;

/** What there is to judge by. */
export interface JudgedCase {
  readonly name: string;
  readonly end: ProgramEnd;
  readonly explanations: readonly Explanation[];
  /** Options of the kernel. */
  readonly options: readonly string[];
  /** Seconds that it had. */
  readonly limit: number;
}

/** What was seen, before it is explained. */
interface Seen {
  readonly outcome: KtapOutcome | "error";
  readonly reason: string | null;
  readonly diagnosis: readonly string[];
  /** An explanation may cover it: it is what the case itself said. */
  readonly isItsOwn: boolean;
}

/** Judges a case. A kernel that says something alarming has failed, whatever the case says. */
export function judgeCase(judged: JudgedCase): Judgement {
  const { end, name, options } = judged;
  const seen = see(judged);
  const { outcome, reason, diagnosis } = seen;
  const rest = { diagnosis, alarms: end.alarms, console: end.kind === "ended" ? null : end.console };
  const due = explanationsOf(judged.explanations, name, options);
  if (outcome === "pass") {
    return { verdict: "pass", reason: null, known: [], stale: due.map((each) => each.name), ...rest };
  }
  const said = [reason ?? "", ...diagnosis];
  const known = seen.isItsOwn
    ? due.filter((each) => each.outcome === outcome && said.some((line) => line.includes(each.says)))
    : [];
  const [first] = known;
  if (first !== undefined) {
    const names = known.map((each) => each.name);
    return { verdict: "known", reason: `${first.name}: ${reason ?? outcome}`, known: names, stale: [], ...rest };
  }
  return { verdict: outcome, reason: reason ?? outcome, known: [], stale: [], ...rest };
}

function see({ end, name, limit }: JudgedCase): Seen {
  if (end.kind !== "ended") {
    const [alarm = "it said nothing"] = end.alarms;
    return { outcome: "fail", reason: `${end.kind}: ${alarm}`, diagnosis: [], isItsOwn: false };
  }
  const ktap = parseKtap(end.output);
  const [result, ...more] = ktap.results.filter((each) => each.name === name);
  const diagnosis = result?.diagnosis ?? ktap.rest;
  const foreign = (outcome: "fail" | "error", reason: string): Seen => ({
    ...{ outcome, reason, diagnosis, isItsOwn: false },
  });
  const [alarm] = end.alarms;
  if (alarm !== undefined) return foreign("fail", `the kernel said: ${alarm}`);
  if (end.late) return foreign("fail", `it did not end in ${limit} s`);
  if (result === undefined) return foreign("error", `it gave no result and ended with ${describeEnd(end)}`);
  if (more.length > 0 || ktap.results.length > 1) return foreign("error", "it gave more than one result");
  // The harness ends with 0 where no test failed, else with 1 (kselftest_harness.h, test_harness_run).
  const isGood = result.outcome !== "fail";
  if ((end.exit === 0) !== isGood) {
    return foreign("fail", `it said ${isGood ? "ok" : "not ok"} and ended with ${describeEnd(end)}`);
  }
  return { outcome: result.outcome, reason: reasonOf(result), diagnosis, isItsOwn: true };
}

const describeEnd = ({ exit, signal }: Extract<ProgramEnd, { readonly kind: "ended" }>): string =>
  exit === null ? `signal ${signal ?? "unknown"}` : `exit code ${exit}`;

/** The first assertion that did not hold, or what stands behind the result. */
function reasonOf({ outcome, reason, diagnosis }: KtapResult): string | null {
  if (outcome === "pass") return null;
  const assertion = diagnosis.find((line) => /:Expected |: Assertion /u.test(line));
  return (outcome === "skip" ? reason : assertion) ?? diagnosis[0] ?? (reason === "" ? null : reason);
}
