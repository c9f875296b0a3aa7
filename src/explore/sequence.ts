/** Sequences as they were performed, and what is left of one where some of it is taken away. */
import { Choices } from "../model/choices.ts";
import { initialState } from "../model/initial-state.ts";
import { step } from "../model/model.ts";
import type { QuirkName } from "../model/quirks.ts";
import { ScenarioMistake } from "../model/scenario-mistake.ts";
import type { Operation } from "../operation/operation.ts";
import type { Profile } from "../trace/profile.ts";
import { KnownNames } from "../scenario/references.ts";
import { planOfCast, type Cast } from "./cast.ts";

/** Operations on functions and buffers, in order. */
export interface Sequence {
  readonly cast: Cast;
  readonly operations: readonly Operation[];
}

/** Names known at the beginning of a sequence. */
export const namesOfCast = ({ functions, buffers }: Pick<Cast, "functions" | "buffers">): KnownNames =>
  new KnownNames(Object.keys(functions), Object.keys(buffers));

/** The first name of an operation that nobody made; null where all are known. It makes names known, too. */
export function findStranger(
  known: KnownNames,
  { op, during = [], answers: _, failNth: __, ...fields }: Operation,
): string | null {
  const inside = during.map(({ operation: { op: what, ...of } }) => known.findUnknown(what, of));
  return (known.findUnknown(op, fields) ?? inside.find((each) => each !== null) ?? null)?.problem ?? null;
}

/** Every word of an operation that may be a name. */
export function wordsOf(value: unknown): readonly string[] {
  if (typeof value === "string") return [value.replace(/\.queues$/u, "")];
  if (value === null || typeof value !== "object") return [];
  return Object.values(value).flatMap(wordsOf);
}

/** The sequence with those operations of it that mean something after each other; a function that none names is not there. */
export function repair(
  { cast, operations }: Sequence,
  bench: Omit<Profile, "functions">,
  quirks: ReadonlySet<QuirkName>,
): Sequence {
  const { profile } = planOfCast("repaired", cast, bench);
  const known = namesOfCast(cast);
  const plan = planOfCast("repaired", cast, bench);
  let [contract, deviating] = [initialState(plan), initialState(plan)];
  const kept: Operation[] = [];
  for (const operation of operations) {
    try {
      if (findStranger(known, operation) !== null) continue;
      const next = step(contract, operation, profile, new Set(), new Choices([])).state;
      const nextDeviating = step(deviating, operation, profile, quirks, new Choices([])).state;
      if (nextDeviating.lost) break;
      [contract, deviating] = [next, nextDeviating];
      kept.push(operation);
    } catch (error) {
      if (!(error instanceof ScenarioMistake)) throw error;
    }
  }
  return { cast, operations: kept };
}

/** The sequence without a name: whatever names it goes, and the function of that name as well. */
export function withoutName({ cast, operations }: Sequence, name: string): Sequence {
  const functions = Object.fromEntries(Object.entries(cast.functions).filter(([each]) => each !== name));
  return { cast: { ...cast, functions }, operations: operations.filter((each) => !wordsOf(each).includes(name)) };
}
