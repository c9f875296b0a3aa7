/** The `answer` of a step: what instructions of its operation are answered instead of what the hypervisor has to say. */
import type * as z from "zod";
import { answerSchemas, instructions, type Answer } from "../operation/answers.ts";
import { nearestOf } from "./nearest.ts";

/** What the rest of the scenario has to say to it. */
export interface AnswersContext {
  /** Names of the functions. */
  readonly functions: readonly string[];
  /** Fields checked; throws what is wrong with them. */
  readonly checkFields: (
    schema: z.ZodObject,
    fields: unknown,
    path: readonly PropertyKey[],
  ) => Record<string, unknown>;
  readonly fail: (path: readonly PropertyKey[], problem: string) => never;
}

/** Most answers of one operation. */
const answerLimit = 8;

const example = `"{ instruction: rpcit, cc: 1, status: 16 }"`;

/** Reads the `answer` of a step: one answer, or a list of them. */
export function readAnswers(written: unknown, context: AnswersContext): Answer[] {
  const isList = Array.isArray(written);
  const list: readonly unknown[] = isList ? written : [written];
  if (list.length === 0 || list.length > answerLimit) {
    return context.fail([], `expected one answer to ${answerLimit}, such as ${example}`);
  }
  return list.map((each, index) => readAnswer(each, isList ? [index] : [], context));
}

function readAnswer(
  written: unknown,
  path: readonly PropertyKey[],
  { functions, checkFields, fail }: AnswersContext,
): Answer {
  if (written === null || typeof written !== "object" || Array.isArray(written)) {
    return fail(path, `expected an answer such as ${example}`);
  }
  const { instruction } = written as Record<string, unknown>;
  const known = instructions.find((each) => each === instruction);
  if (known === undefined) {
    const near = typeof instruction === "string" ? nearestOf(instruction, instructions) : null;
    const found =
      instruction === undefined ? "expected an instruction" : `unknown instruction ${JSON.stringify(instruction)}`;
    const suggestion = near === null ? "" : ` did you mean "${near}"?`;
    return fail([...path, "instruction"], `${found},${suggestion} known are ${instructions.join(", ")}`);
  }
  suggestValues(known, written as Record<string, unknown>, path, fail);
  const answer = checkFields(answerSchemas[known], written, path) as unknown as Answer;
  if (answer.of !== undefined && !functions.includes(answer.of)) {
    const near = nearestOf(answer.of, functions);
    const suggestion = near === null ? "" : `; did you mean "${near}"?`;
    return fail([...path, "of"], `unknown function "${answer.of}": expected one of "functions"${suggestion}`);
  }
  return answer;
}

/** A mistyped control or command is answered with the nearest one. */
function suggestValues(
  instruction: Answer["instruction"],
  written: Record<string, unknown>,
  path: readonly PropertyKey[],
  fail: AnswersContext["fail"],
): void {
  const field = { mpcifc: "control", clp: "command", rpcit: null }[instruction];
  if (field === null) return;
  const shape = answerSchemas[instruction].shape as Readonly<
    Record<string, { readonly options?: readonly string[] }>
  >;
  const options = shape[field]?.options ?? [];
  const value = written[field];
  if (typeof value !== "string" || options.includes(value)) return;
  const near = nearestOf(value, options);
  const suggestion = near === null ? "" : ` did you mean "${near}"?`;
  fail([...path, field], `unknown ${field} "${value}",${suggestion} known are ${options.join(", ")}`);
}
