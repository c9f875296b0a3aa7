/** What came of a mutant: what `--json` prints and the table is drawn from. */
import type { ScenarioRecord } from "../evidence/record.ts";
import type { Mutant } from "./mutant.ts";

/** What a scenario saw that no correct kernel shows. */
export interface Kill {
  readonly scenario: string;
  /** 1-based. */
  readonly step: number;
  readonly operation: string;
  /** Field of the observation. */
  readonly path: string;
  readonly expected: unknown;
  readonly observed?: unknown;
}

/**
 * `killed`: a scenario fails on it that passes without it; `survived`: every scenario passes; `unclear`: none fails, or
 * not twice, and some gave no answer; `broken`: its kernel does not come up; `unbuilt`: there is no such kernel.
 */
export type Fate = "killed" | "survived" | "unclear" | "broken" | "unbuilt";

/** Every fate, in the order tables count them. */
export const fates: readonly Fate[] = ["killed", "survived", "unclear", "broken", "unbuilt"];

/** What was decided about a mutant. */
export interface Decision {
  readonly fate: Fate;
  /** Why it was not killed; null where it was. */
  readonly reason: string | null;
  /** First failing field of each scenario that failed, in the order they ended. */
  readonly kills: readonly Kill[];
  /** Scenarios that gave an answer. */
  readonly answered: number;
}

/** The record of one mutant. */
export interface MutantRecord extends Decision {
  /** Version of this shape. */
  readonly record: 1;
  readonly mutant: string;
  readonly breaks: string;
  readonly tags: readonly string[];
  /** Whether one of the kills is by a scenario with an expected tag; null where it was not killed. */
  readonly asExpected: boolean | null;
  /** `sha256:…` of the kernel, null where there is none. */
  readonly kernel: string | null;
  readonly seconds: { readonly build: number; readonly run: number };
  /** Folder of the evidence, null where nothing ran. */
  readonly evidence: string | null;
}

/**
 * Decides a mutant from the records of its scenarios. A fail kills, a panic or a hang among them; an error does not, for
 * it says nothing about the kernel, and neither does a fail that could not be repeated.
 */
export function decideFate(records: readonly ScenarioRecord[], doubtful: readonly Kill[] = []): Decision {
  const kills = records.filter((each) => each.verdict === "fail").map(killOf);
  const answers = records.filter((each) => each.verdict !== "error" && each.verdict !== "skip");
  const answered = answers.length;
  if (kills.length > 0) return { fate: "killed", reason: null, kills, answered };
  const [once] = doubtful;
  if (once !== undefined) {
    const reason = `${once.scenario} failed once and not again (step ${once.step}, ${once.path})`;
    return { fate: "unclear", reason, kills, answered };
  }
  const errors = records.filter((each) => each.verdict === "error");
  const [first] = errors;
  if (first !== undefined) {
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
    const reason = `No answer from ${first.scenario}: ${first.reason ?? "unknown error"}${more}`;
    return { fate: "unclear", reason, kills, answered };
  }
  if (answered === 0) return { fate: "unclear", reason: "No scenario could run on it", kills, answered };
  return { fate: "survived", reason: `${answered} scenarios see no difference`, kills, answered };
}

/** The first field that failed in a record. */
export function killOf(record: ScenarioRecord): Kill {
  const difference = record.differences.find((each) => each.verdict === "fail");
  if (difference === undefined) {
    return { scenario: record.scenario, step: record.steps.performed, operation: "", path: "", expected: null };
  }
  const { step, operation, path, expected } = difference;
  const kill = { scenario: record.scenario, step, operation, path, expected };
  return "observed" in difference ? { ...kill, observed: difference.observed } : kill;
}

/** Whether a killing scenario has one of the tags that were expected to kill; null where nothing killed. */
export function isExpectedKill(
  mutant: Pick<Mutant, "tags">,
  { kills }: Pick<Decision, "kills">,
  records: readonly Pick<ScenarioRecord, "scenario" | "tags">[],
): boolean | null {
  if (kills.length === 0) return null;
  const killers = records.filter((each) => kills.some((kill) => kill.scenario === each.scenario));
  return killers.some((each) => each.tags.some((tag) => mutant.tags.includes(tag)));
}
