/** Compare: an expectation and an observation in, differences out. It knows neither the model nor any target. */
import type { Observation, Value } from "../trace/observation.ts";
import { findDifferences, type Difference, type Pattern } from "./pattern.ts";

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
  readonly alarms: Pattern;
}

/** Every difference between what was expected of an operation and what was observed. */
export function compareObservation(expectation: Expectation, observation: Observation): Difference[] {
  return findDifferences(expectation as unknown as Pattern, observation as unknown as Value, "");
}
