/** By what a failure is known again: the step and field that differ, or the alarm of the kernel. */
import * as z from "zod";

/** A difference between what was expected of a step and what was observed. */
export interface SeenDifference {
  /** 1-based. */
  readonly step: number;
  readonly operation: string;
  /** `stale` ones are agreements with the contract. */
  readonly verdict: "fail" | "known" | "stale";
  /** Field of the observation. */
  readonly path: string;
  readonly expected: unknown;
  readonly observed?: unknown;
}

/** What a run of a scenario showed. */
export interface SeenRun {
  readonly verdict: "pass" | "fail" | "known" | "skip" | "error";
  readonly reason: string | null;
  readonly differences: readonly SeenDifference[];
  readonly steps: { readonly planned: number; readonly performed: number };
}

/** A failure to be known again. */
export const signatureSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("difference"),
    step: z.int().min(1),
    path: z.string(),
    result: z.string().nullable().describe("What the operation resulted in, where that is the field; else null"),
  }),
  z.strictObject({ kind: z.literal("alarm"), alarm: z.string().describe("As the record has it, places shortened") }),
]);

/** A failure to be known again. */
export type Signature = z.output<typeof signatureSchema>;

/** Whether a run showed the failure sought; `unclear` where it could not have been seen. */
export type Sight = "seen" | "absent" | "unclear";

const lastResults: readonly unknown[] = ["panic", "hang"];

/**
 * The failure that a run showed: an oops where it ended the kernel; else the first difference that is no mere alarm, for a
 * warning may have come with another commit, and of its step one that is no message where there is one; else the first alarm.
 * Null where it showed none. What is known to differ is a failure only where it is asked for: it may be there besides.
 */
export function findSignature({ differences }: Pick<SeenRun, "differences">, kind = "fail"): Signature | null {
  const shown = differences.filter(({ verdict }) => verdict === kind);
  const [alarm] = shown.flatMap(alarmsOf);
  const ended = shown.some(({ path, observed }) => path === "result" && lastResults.includes(observed));
  if (ended && alarm !== undefined) return { kind: "alarm", alarm };
  const first = shown.find(({ path }) => !isAlarm(path));
  if (first === undefined) return alarm === undefined ? null : { kind: "alarm", alarm };
  const chosen = shown.find((each) => each.step === first.step && !isTold(each.path)) ?? first;
  return { kind: "difference", step: chosen.step, path: chosen.path, result: resultOf(chosen) };
}

/**
 * Whether a run showed a failure. It did not where its step was performed and judged right in that field, and nothing
 * before it had gone another way than expected: a warning changes nothing of what follows.
 */
export function recognise(signature: Signature, run: SeenRun): Sight {
  if (findSought(signature, run) !== null) return "seen";
  if (run.verdict === "pass" || run.verdict === "known") return "absent";
  if (run.verdict !== "fail") return "unclear";
  const failing = run.differences.filter(({ verdict }) => verdict === "fail");
  const isBenign = (each: SeenDifference): boolean =>
    isAlarm(each.path) && alarmsOf(each).every((alarm) => /^WARNING: /u.test(alarm));
  if (signature.kind === "alarm") return failing.every(isBenign) ? "absent" : "unclear";
  if (run.steps.performed < signature.step) return "unclear";
  const before = failing.filter(
    ({ step, path }) => step < signature.step || (step === signature.step && isRelated(path, signature.path)),
  );
  return before.every(isBenign) ? "absent" : "unclear";
}

/** The difference by which a failure is known again, of a run that showed it; null of any other. */
export function findSought<Difference extends SeenDifference>(
  signature: Signature,
  { differences }: { readonly differences: readonly Difference[] },
): Difference | null {
  return differences.find((each) => each.verdict !== "stale" && isSought(signature, each)) ?? null;
}

/** A signature in one line, which {@link parseSignature} reads. */
export function spellSignature(signature: Signature): string {
  if (signature.kind === "alarm") return `alarm:${signature.alarm}`;
  const { step, path, result } = signature;
  return `${step}:${path}${result === null ? "" : `=${result}`}`;
}

/** Reads `14:memory.q[0]`, `3:result=EINVAL` or `alarm:TEXT`; null where it is none of these. */
export function parseSignature(text: string): Signature | null {
  const alarm = /^alarm:(?<alarm>.+)$/su.exec(text)?.groups?.["alarm"];
  if (alarm !== undefined) return { kind: "alarm", alarm: shortenPlaces(alarm) };
  const parts = /^(?<step>[1-9]\d*):(?<path>[^=]+)(?:=(?<result>\w+))?$/u.exec(text)?.groups;
  if (parts?.["path"] === undefined) return null;
  return {
    kind: "difference",
    step: Number(parts["step"]),
    path: parts["path"],
    result: parts["result"] ?? null,
  };
}

/** How often a kernel tells of something depends on who else uses the machine; what else differs in that step does not. */
const isTold = (path: string): boolean => isAlarm(path) || /^messages\b/u.test(path);

const isAlarm = (path: string): boolean => path === "alarms" || path.startsWith("alarms");

/** The same field, or the step's result: where that is another one, its other fields say nothing. */
const isRelated = (path: string, sought: string): boolean => path === "result" || path === sought;

function isSought(signature: Signature, difference: SeenDifference): boolean {
  if (signature.kind === "alarm") return alarmsOf(difference).includes(signature.alarm);
  const { step, path, result } = signature;
  return difference.step === step && difference.path === path && (result === null || difference.observed === result);
}

function alarmsOf({ path, observed }: SeenDifference): readonly string[] {
  if (!isAlarm(path)) return [];
  const alarms: readonly unknown[] = Array.isArray(observed) ? observed : [observed];
  return alarms.filter((alarm) => typeof alarm === "string").map(shortenPlaces);
}

const resultOf = ({ path, observed }: SeenDifference): string | null =>
  path === "result" && typeof observed === "string" ? observed : null;

/** Source files go by different names in different build folders: `../source/drivers/iommu/s390-iommu.c`. */
const shortenPlaces = (alarm: string): string =>
  alarm.replace(
    /\S*?\b((?:arch|block|crypto|drivers|fs|include|init|io_uring|ipc|kernel|lib|mm|net|security|virt)\/\S+\.[chS]\b)/gu,
    "$1",
  );
