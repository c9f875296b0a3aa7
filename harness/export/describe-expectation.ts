/** What a step must show, in lines that a person reads beside what a machine prints. */
import type { Expectation } from "../../src/compare/compare.ts";
import { digestOf, patternPage } from "../agent/pattern.ts";

/** Values of an operation that its debugger tells of in lines of its own. */
const saidByDebugger: readonly string[] = ["answered", "during"];
const parts = ["result", "values", "messages", "functions", "memory"] as const;

/**
 * A step's contract; where an implementation is known to deviate from it, how. Pages are told by the digests that the agent
 * prints of them, after the name of what they hold.
 */
export function describeExpectation(contract: Expectation, known: Expectation): readonly string[] {
  return [
    `expected: ${describe(contract.result)}`,
    ...parts.flatMap((part) => {
      const deviates = JSON.stringify(contract[part]) !== JSON.stringify(known[part]);
      if (part === "memory" && !deviates && isEmpty(contract[part])) return [];
      if (part !== "memory" && !deviates) return [];
      const promised = `expected ${part}: ${describe(contract[part])}`;
      return deviates ? [promised, `known to be ${part}: ${describe(known[part])}`] : [promised];
    }),
  ];
}

const describe = (part: unknown): string => {
  if (typeof part === "string") return part;
  if (isAny(part)) return "anything";
  return JSON.stringify(part, (key, each: unknown) =>
    saidByDebugger.includes(key) ? undefined : isAny(each) ? "anything" : isPattern(each) ? withDigest(each) : each,
  );
};

const isAny = (part: unknown): boolean => typeof part === "object" && part !== null && "$any" in part;

const isPattern = (each: unknown): each is string =>
  typeof each === "string" && /^(?:fill|block):[\w.:[\]-]+$/u.test(each);

const withDigest = (name: string): string => `${name}, digest ${digestOf(patternPage(name))}`;

const isEmpty = (part: unknown): boolean =>
  typeof part === "object" && part !== null && Object.keys(part).length === 0;
