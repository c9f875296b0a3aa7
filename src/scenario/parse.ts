/** Reading a scenario: YAML in, a Scenario or an error that names file, line and what was expected. */
import { isMap, LineCounter, parseDocument, visit, type Document, type Node, type Tags } from "yaml";
import type * as z from "zod";
import { operationNames, type OperationName } from "../operation/operation.ts";
import { readAnswers } from "./answers.ts";
import { readDuring } from "./during.ts";
import { nearestOf } from "./nearest.ts";
import { expandPhrase, phraseFields, phraseNames, type PhraseName } from "./phrases.ts";
import { KnownNames } from "./references.ts";
import {
  expectSchema,
  failNthSchema,
  insideFieldsSchema,
  kindOf,
  scenarioSchema,
  stepFieldsSchema,
  type Scenario,
  type ScenarioStep,
  type StepExpectation,
} from "./scenario.ts";

/** A scenario that cannot be read: where, and what was expected there. */
export class ScenarioError extends Error {
  override readonly name = "ScenarioError";
  readonly file: string;
  /** 1-based; 0 where no place is known. */
  readonly line: number;
  /** Without the place. */
  readonly problem: string;
  constructor(file: string, line: number, problem: string) {
    super(`Cannot read scenario "${file}"${line > 0 ? `, line ${String(line)}` : ""}: ${problem}`);
    this.file = file;
    this.line = line;
    this.problem = problem;
  }
}

/** Largest scenario file read, in characters. */
const sizeLimit = 200_000;

/** Most steps in a scenario, as written. */
export const stepLimit = 500;

/** Addresses and lengths stay the text they are written as: a 64-bit one is too large for YAML's own hexadecimal number. */
const withoutHexNumbers = (tags: Tags): Tags => tags.filter((tag) => typeof tag === "string" || tag.format !== "HEX");

/**
 * Reads a scenario.
 * @throws ScenarioError where the text is not a scenario
 */
export function parseScenario(text: string, file: string): Scenario {
  if (text.length > sizeLimit) throw new ScenarioError(file, 0, `it is longer than ${String(sizeLimit)} characters`);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, customTags: withoutHexNumbers });
  const lineAt = (offset: number | undefined): number => (offset === undefined ? 0 : lines.linePos(offset).line);
  const broken = document.errors[0] ?? document.warnings[0];
  if (broken !== undefined) throw new ScenarioError(file, lineAt(broken.pos[0]), `not YAML: ${broken.message}`);
  const fail = (path: readonly PropertyKey[], problem: string): never => {
    throw new ScenarioError(file, lineAt(offsetOf(document, path)), problem);
  };

  visit(document, {
    // A few lines of aliases of aliases can stand for gigabytes.
    Alias: (_, alias) => {
      throw new ScenarioError(file, lineAt(alias.range?.[0]), `expected no aliases, found "*${alias.source}"`);
    },
  });
  const raw: unknown = document.toJS();
  if (raw === null || typeof raw !== "object" || Array.isArray(raw)) {
    return fail([], "expected a mapping with name, summary, tags, functions and steps");
  }
  const { steps, ...rest } = raw as Record<string, unknown>;
  const header = scenarioSchema.omit({ steps: true }).safeParse(rest);
  if (!header.success) return failWith(header.error, [], Object.keys(scenarioSchema.shape), fail);
  if (!Array.isArray(steps) || steps.length === 0) {
    return fail(["steps"], `expected a list of steps, such as "- bind: { function: a }"`);
  }
  if (steps.length > stepLimit) return fail(["steps"], `expected at most ${stepLimit} steps, found ${steps.length}`);
  const known = new KnownNames(Object.keys(header.data.functions), Object.keys(header.data.buffers));
  const hasOwn = Object.values(header.data.functions).some((device) => kindOf(device) === "own");
  const parsed = steps.flatMap((step: unknown, index) => {
    const path = ["steps", index];
    const operations = parseStep(step, header.data.functions, path, fail);
    if (!hasOwn && operations.some(({ expect }) => expect !== undefined)) {
      return fail(
        [...path, "expect"],
        'expected no "expect" without a function of one\'s own: the model predicts the rest',
      );
    }
    for (const { op, fields, during } of operations) {
      const unknown = known.findUnknown(op, fields);
      if (unknown !== null) return fail([...path, nameOf(step), unknown.field], unknown.problem);
      for (const [place, inside] of during.entries()) {
        const stranger = known.findUnknown(inside.op, inside.fields);
        if (stranger !== null) {
          return fail([...path, "during", place, inside.op, stranger.field], stranger.problem);
        }
      }
    }
    return operations;
  });
  const {
    "kernel-parameters": kernelParameters,
    "dma-entry-limit": dmaEntryLimit,
    "device-needs": needs,
    ...declared
  } = header.data;
  return {
    ...declared,
    kernelParameters,
    deviceNeeds: needs,
    ...(dmaEntryLimit === undefined ? {} : { dmaEntryLimit }),
    ground: header.data.ground ?? null,
    since: header.data.since ?? null,
    steps: parsed,
    file,
  };
}

/** The operation or phrase that a well-formed step names. */
const nameOf = (step: unknown): string =>
  Object.keys(step as object).find((key) => !["note", "during", "answer", "fail-nth"].includes(key)) ?? "";

type Fail = (path: readonly PropertyKey[], problem: string) => never;

function parseStep(
  step: unknown,
  functions: Readonly<Record<string, string>>,
  path: readonly PropertyKey[],
  fail: Fail,
): ScenarioStep[] {
  if (step === null || typeof step !== "object" || Array.isArray(step)) {
    return fail(path, `expected a step such as "bind: { function: a }", found ${JSON.stringify(step)}`);
  }
  const { note, expect, during, answer, "fail-nth": failNth, ...operation } = step as Record<string, unknown>;
  const names = Object.keys(operation);
  const name = names[0];
  if (name === undefined || names.length > 1) {
    return fail(path, `expected one operation in a step, found ${names.length === 0 ? "none" : names.join(" and ")}`);
  }
  if (note !== undefined && typeof note !== "string") return fail([...path, "note"], "expected a text as the note");
  const checkFields = (schema: z.ZodObject, fields: unknown, where = [...path, name]): Record<string, unknown> => {
    const checked = schema.safeParse(fields ?? {});
    return checked.success ? checked.data : failWith(checked.error, where, Object.keys(schema.shape), fail);
  };
  const expected = expect === undefined ? {} : { expect: checkExpectation(expect, [...path, "expect"], fail) };
  if (isPhraseName(name)) {
    if (expect !== undefined)
      return fail([...path, "expect"], 'expected no "expect" beside several operations in one');
    for (const [key, value] of Object.entries({ during, answer, "fail-nth": failNth })) {
      if (value !== undefined)
        return fail([...path, key], `"${name}" stands for several operations: give "${key}" to one of them`);
    }
    return expandPhrase(name, checkFields(phraseFields[name], operation[name])).map(([op, fields], index) => ({
      op,
      fields: checkFields(stepFieldsSchema(op), fields),
      note: index === 0 ? (note ?? null) : null,
      during: [],
      answers: [],
    }));
  }
  if (!isOperationName(name)) {
    return fail(
      [...path, name],
      `unknown operation "${name}",${suggestFrom(name, [...phraseNames, ...operationNames])}`,
    );
  }
  const fields = checkFields(stepFieldsSchema(name), operation[name]);
  const inside = [...path, "during"];
  const interjections =
    during === undefined
      ? []
      : readDuring(name, during, {
          functions,
          checkFields: (what, each, where) => checkFields(insideFieldsSchema(what), each, [...inside, ...where]),
          fail: ({ path: where, problem }) => fail([...inside, ...where], problem),
        });
  if (answer !== undefined && during !== undefined) {
    return fail(
      [...path, "answer"],
      'expected either "answer" or "during" in a step: the host is stopped for one of them',
    );
  }
  const answers =
    answer === undefined
      ? []
      : readAnswers(answer, {
          functions: Object.keys(functions),
          checkFields: (schema, each, where) => checkFields(schema, each, [...path, "answer", ...where]),
          fail: (where, problem) => fail([...path, "answer", ...where], problem),
        });
  const failing = failNth === undefined ? {} : { failNth: checkFailNth(failNth, [...path, "fail-nth"], fail) };
  if (failNth !== undefined && (answer ?? during) !== undefined) {
    return fail([...path, "fail-nth"], 'expected no "answer" and no "during" beside "fail-nth": one cause at a time');
  }
  return [{ op: name, fields, note: note ?? null, during: interjections, answers, ...failing, ...expected }];
}

function checkExpectation(expect: unknown, path: readonly PropertyKey[], fail: Fail): StepExpectation {
  const checked = expectSchema.safeParse(expect);
  return checked.success ? checked.data : failWith(checked.error, path, Object.keys(expectSchema.shape), fail);
}

function checkFailNth(failNth: unknown, path: readonly PropertyKey[], fail: Fail): number {
  const checked = failNthSchema.safeParse(failNth);
  return checked.success
    ? checked.data
    : fail(path, `expected a number from 1 to 100000, found ${JSON.stringify(failNth)}`);
}

function suggestFrom(name: string, known: readonly string[]): string {
  const near = nearestOf(name, known);
  return `${near === null ? "" : ` did you mean "${near}"?`} known are ${known.join(", ")}`;
}

const isPhraseName = (name: string): name is PhraseName => (phraseNames as readonly string[]).includes(name);
const isOperationName = (name: string): name is OperationName => (operationNames as readonly string[]).includes(name);

function failWith(error: z.ZodError, path: readonly PropertyKey[], fields: readonly string[], fail: Fail): never {
  // A mistyped field is missing as well; that it is mistyped says more.
  const issue = error.issues.find(({ code }) => code === "unrecognized_keys") ?? error.issues[0];
  if (issue === undefined) return fail(path, "not a scenario");
  if (issue.code === "unrecognized_keys" && issue.path.length === 0) {
    const [unknown = ""] = issue.keys;
    return fail([...path, unknown], `unknown field "${unknown}",${suggestFrom(unknown, fields)}`);
  }
  const where = [...path, ...issue.path];
  const field = issue.path.length === 0 ? "" : `"${issue.path.map(String).join(".")}": `;
  const [inKey] = issue.code === "invalid_key" ? issue.issues : [];
  return fail(where, `${field}${inKey?.message ?? issue.message}`);
}

/** Offset of the node at a path, or of the nearest one above it. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length >= 0; length -= 1) {
    const upto = path.slice(0, length);
    const parent = length === 0 ? undefined : document.getIn(upto.slice(0, -1), true);
    const key = upto.at(-1);
    if (isMap(parent)) {
      const pair = parent.items.find((item) => (item.key as { value?: unknown } | null)?.value === key);
      const keyRange = (pair?.key as Node | undefined)?.range;
      if (keyRange) return keyRange[0];
    }
    const node = length === 0 ? document.contents : (document.getIn(upto, true) as Node | undefined);
    if (node?.range) return node.range[0];
  }
  return undefined;
}
