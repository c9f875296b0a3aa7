/** What an operation returns beside its own values: what was done inside it, and answers that were given in its platform's place. */
import type { Pattern } from "../compare/pattern.ts";
import type { Answer } from "../operation/answers.ts";
import { ScenarioMistake } from "./scenario-mistake.ts";

/** What an operation returns, and what came of what the step adds to it. */
export function withResults(values: Pattern, more: Readonly<Record<string, Pattern>>): Pattern {
  if (typeof values !== "object" || values === null || Array.isArray(values)) return values;
  if ("$any" in values) return { $has: more };
  if ("$has" in values) return { $has: { ...(values.$has as Readonly<Record<string, Pattern>>), ...more } };
  return { ...(values as Readonly<Record<string, Pattern>>), ...more };
}

/**
 * How often each answer was given. `deviates`: so it is told of what is known to deviate, which may not come to what an answer is for.
 * @throws ScenarioMistake where one never is though nothing deviates: nothing that it is for is executed
 */
export function describeGiven(answers: readonly Answer[], given: readonly number[], deviates: boolean): Pattern {
  const never = answers[given.indexOf(0)];
  if (never === undefined || deviates) return given;
  const what = never.instruction === "mpcifc" ? never.control : never.instruction === "clp" ? never.command : "rpcit";
  throw new ScenarioMistake(`No ${what} is executed here that the answer could be given to`);
}
