/** Compare: an expectation and an observation in, differences out. It knows neither the model nor any target. */
import type { Observation, Value } from "../trace/observation.ts";
import { exampleOf, findDifferences, isSamePattern, type Difference, type Pattern } from "./pattern.ts";

/** What is expected of one operation: an observation whose leaves may be patterns. */
export interface Expectation {
  readonly result: Pattern;
  readonly values: Pattern;
  readonly functions: Pattern;
  readonly messages: Pattern;
  readonly memory: Pattern;
  readonly blocks: Pattern;
  /** Where any function can be asked. */
  readonly devices?: Pattern;
  /** Where the kernel is a guest's. */
  readonly host?: Pattern;
  readonly alarms: Pattern;
}

/** Every difference between what was expected of an operation and what was observed. */
export function compareObservation(expectation: Expectation, observation: Observation): Difference[] {
  return findDifferences(expectation as unknown as Pattern, observation as unknown as Value, "");
}

/** Whether two expectations say the same. */
export const isSameExpectation = (one: Expectation, other: Expectation): boolean =>
  isSamePattern(one as unknown as Pattern, other as unknown as Pattern);

/** An observation that an expectation allows, for a target that must show one. What is left open altogether is empty in it. */
export function exampleObservation(expectation: Expectation): Observation {
  const { devices, ...rest } = expectation;
  const example = exampleOf(rest) as unknown as Observation;
  const shown = devices === undefined ? undefined : exampleOf(devices);
  return {
    ...example,
    values: recordOf(example.values),
    functions: recordOf(example.functions),
    messages: listOf(example.messages, expectation.messages),
    memory: recordOf(example.memory),
    blocks: recordOf(example.blocks),
    alarms: listOf(example.alarms, expectation.alarms),
    ...(typeof shown === "object" ? { devices: withReach(shown as NonNullable<Observation["devices"]>) } : {}),
  };
}

/** What a function reaches is a list, wherever anything would do. */
const withReach = (devices: NonNullable<Observation["devices"]>): NonNullable<Observation["devices"]> =>
  Object.fromEntries(
    Object.entries(devices).map(([name, view]) => [
      name,
      view === null || Array.isArray(view.reach) ? view : { ...view, reach: [] },
    ]),
  );

const recordOf = <T extends object>(value: T): T => (typeof value === "object" ? value : ({} as T));

/** A pattern that is no list may want one that is not empty. */
const listOf = (value: unknown, pattern: Pattern): readonly string[] => {
  if (Array.isArray(value)) return value as readonly string[];
  return findDifferences(pattern, [], "").length === 0 ? [] : ["any"];
};
