/** A step as a test writes it: what a line of a scenario's YAML says, typed. */
import type * as z from "zod";
import type { operationFields } from "../../src/operation/operation.ts";
import type { phraseFields } from "../../src/scenario/phrases.ts";

type Fields = typeof operationFields & typeof phraseFields;

/** An operation or a phrase, as `{ "ioas-map": { ioas: "A", iova: "base+0x1000", buffer: "p" } }`. */
export type Step = {
  readonly [Name in keyof Fields]: { readonly [Own in Name]: z.input<Fields[Own]> } & {
    /** What is done inside it (docs/races.md), as a scenario has it. */
    readonly during?: readonly unknown[];
    /** Instructions that are answered in the hypervisor's place (docs/answers.md), as a scenario has it. */
    readonly answer?: readonly unknown[];
  };
}[keyof Fields];

/** Names of operations on a function. */
export type FunctionStepName = {
  readonly [Name in keyof Fields]: z.input<Fields[Name]> extends { readonly function: string } ? Name : never;
}[keyof Fields];

/** What such an operation is given beside the function. */
export type FunctionStepFields<Name extends FunctionStepName> = Omit<z.input<Fields[Name]>, "function">;
