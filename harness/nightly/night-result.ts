/** What came of a night: a result for each scenario on each machine. */
import * as z from "zod";
import type { ScenarioRecord, Verdict } from "../evidence/record.ts";
import { verdicts } from "../evidence/record.ts";

const versions = z.strictObject({ version: z.string(), digest: z.string() });

/** A scenario on a machine, all its attempts told. */
export const unitResultSchema = z.strictObject({
  scenario: z.string(),
  /** The device of its first function; `none` where it has no function. */
  device: z.string(),
  /** Of the last attempt; where attempts differ, the worst. */
  verdict: z.enum(verdicts as [Verdict, ...Verdict[]]),
  /** Of each attempt, in order. */
  attempts: z.array(z.enum(verdicts as [Verdict, ...Verdict[]])).min(1),
  reason: z.string().nullable(),
  /** What went wrong, without what changes from run to run: to tell one failure from another. */
  signature: z.string().nullable(),
  known: z.array(z.string()),
  stale: z.array(z.string()),
  /** Of the first attempt. */
  seconds: z.number(),
  evidence: z.string(),
  reproduce: z.string(),
});

/** What came of a machine. */
export const machineResultSchema = z.strictObject({
  name: z.string(),
  bench: z.string(),
  kernel: z.string(),
  qemu: z.string(),
  /** Null where it could not be had. */
  ran: z.strictObject({ kernel: versions, qemu: versions }).nullable(),
  /** Why it could not be had; null where it could. */
  problem: z.string().nullable(),
  seconds: z.number(),
  units: z.array(unitResultSchema),
});

/** What came of a night. */
export const nightResultSchema = z.strictObject({
  night: z.string(),
  started: z.iso.datetime(),
  machines: z.array(machineResultSchema),
});

/** A scenario on a machine. */
export type UnitResult = z.output<typeof unitResultSchema>;
/** A machine. */
export type MachineResult = z.output<typeof machineResultSchema>;
/** A night. */
export type NightResult = z.output<typeof nightResultSchema>;

/** Whether a verdict is one that somebody has to look at. */
export const isBad = (verdict: Verdict): boolean => verdict === "fail" || verdict === "error";

/** Whether attempts gave different answers: some bad, some not. */
export const isFlaky = ({ attempts }: Pick<UnitResult, "attempts">): boolean =>
  attempts.some(isBad) && !attempts.every(isBad);

const order: readonly Verdict[] = ["error", "fail", "known", "pass", "skip"];

/**
 * The attempt that went worst, the first of those.
 * @throws {RangeError} where there is none
 */
export function worstOf<T extends { readonly verdict: Verdict }>(attempts: readonly T[]): T {
  const [worst] = attempts.toSorted((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict));
  if (worst === undefined) throw new RangeError("Cannot choose among no attempts");
  return worst;
}

/**
 * The result that the attempts at a scenario come to.
 * @throws {RangeError} where there was none
 */
export function foldAttempts(records: readonly ScenarioRecord[], device: string): UnitResult {
  const [first] = records;
  if (first === undefined) throw new RangeError("Cannot judge a scenario that was never attempted");
  const worst = worstOf(records);
  return {
    ...{ scenario: first.scenario, device, verdict: worst.verdict, attempts: records.map(({ verdict }) => verdict) },
    ...{ reason: worst.reason, signature: signatureOf(worst), known: worst.known, stale: worst.stale },
    ...{ seconds: first.seconds, evidence: worst.evidence, reproduce: worst.reproduce },
  };
}

/** Where a scenario failed first, but not what was seen there: addresses and counts differ from run to run. */
function signatureOf({ verdict, differences, reason }: ScenarioRecord): string | null {
  if (!isBad(verdict)) return null;
  const first = differences.find((each) => each.verdict === "fail");
  if (first !== undefined) return `step ${first.step} ${first.operation}: ${first.path}`;
  return (reason ?? verdict).replace(/0x[0-9a-f]+|\d+/giu, "N").slice(0, 200);
}
