/** What a rule is: the prediction for one operation, and the ground it stands on. */
import type { Pattern } from "../compare/pattern.ts";
import type { OperationFields, OperationName } from "../operation/operation.ts";
import type { Host } from "./host.ts";

/** How an operation must end: its result, and what it must return. */
export interface Outcome {
  readonly result: Pattern;
  readonly values: Pattern;
}

/** The prediction for one operation. */
export interface Rule<N extends OperationName> {
  /** Kernel file and function, architecture statement or seed document that the rule stands on. */
  readonly ground: string;
  /** Changes the host as the operation must change it. */
  readonly predict: (host: Host, fields: OperationFields<N>) => Outcome;
}

/** Rules for some operations. */
export type Rules<N extends OperationName> = { readonly [K in N]: Rule<K> };

/** Success, with what is returned. */
export const succeed = (values: Pattern = {}): Outcome => ({ result: "OK", values });

/** Failure with an errno; what a failed call returns beside it is nobody's promise. */
export const fail = (errno: string): Outcome => ({ result: errno, values: { $any: true } });

/** Success or failure, as a result says. */
export const end = (result: string): Outcome => (result === "OK" ? succeed() : fail(result));
