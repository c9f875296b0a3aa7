import { describe, expect, it } from "vitest";
import { planOf } from "../testing/plan-of.ts";
import { parseScenario, ScenarioError } from "./parse.ts";
import { kernelOptionsOf } from "./requirements.ts";
import type { Scenario } from "./scenario.ts";

const header = `name: sample
summary: Instructions that are answered
tags: [test]
functions: { alpha: witness, b: witness }
buffers: { p: 2 }
steps:
  - take-iommufd: { function: alpha }
  - ioas-alloc: { ioas: A }
`;
const parse = (steps: string): Scenario => parseScenario(header + steps, "sample.yaml");
const map = "  - ioas-map: { ioas: A, iova: base, buffer: p }\n    answer: ";

describe("what instructions are answered", () => {
  it("stands beside its step, one answer or a list, defaults filled in", () => {
    const common = { times: 1, from: 1, done: false };
    expect(parse(`${map}{ instruction: rpcit, cc: 1, status: 16 }`).steps.at(-1)?.answers).toEqual([
      { instruction: "rpcit", cc: 1, status: 16, ...common },
    ]);
    const list = `
      - { instruction: clp, command: disable, of: b, response: 0x0105, done: true }
      - { instruction: mpcifc, control: register-ioat, cc: 3, from: 2, times: 4 }`;
    expect(parse(`${map}${list}\n`).steps.at(-1)?.answers).toEqual([
      { instruction: "clp", command: "disable", of: "b", cc: 0, response: "0x0105", ...common, done: true },
      { instruction: "mpcifc", control: "register-ioat", cc: 3, ...common, from: 2, times: 4 },
    ]);
  });

  it("may be that it was done, or that the response says otherwise", () => {
    const list = `
      - { instruction: rpcit, cc: 0 }
      - { instruction: clp, command: query-group, done: true, says: { dtsm: 0x78, refresh: false } }`;
    expect(parse(`${map}${list}\n`).steps.at(-1)?.answers).toMatchObject([
      { instruction: "rpcit", cc: 0, done: false },
      { instruction: "clp", cc: 0, done: true, says: { dtsm: "0x78", refresh: false } },
    ]);
  });

  it("goes into the plan, and is nowhere where it was not asked for", () => {
    const plan = planOf(`ioas-alloc: { ioas: A }
      { "ioas-map": { ioas: A, iova: base, buffer: p }, answer: { instruction: rpcit, cc: 2 } }`);
    expect(plan.steps[1]?.operation.answers).toMatchObject([{ instruction: "rpcit", cc: 2 }]);
    expect(plan.steps[0]?.operation).not.toHaveProperty("answers");
  });

  it("needs a kernel that tells its symbols", () => {
    expect(kernelOptionsOf(parse(`${map}{ instruction: rpcit, cc: 2 }`))).toContain("KALLSYMS");
  });
});

it.each([
  ["of no instruction", "{ cc: 1 }", "expected an instruction, known are mpcifc, rpcit, clp"],
  ["of a mistyped one", "{ instruction: rpcti, cc: 2 }", 'unknown instruction "rpcti", did you mean "rpcit"?'],
  [
    "with a mistyped control",
    "{ instruction: mpcifc, control: register-iota, cc: 3 }",
    'did you mean "register-ioat"?',
  ],
  ["with a mistyped command", "{ instruction: clp, command: disabel, cc: 3 }", 'did you mean "disable"?'],
  ["with a mistyped field", "{ instruction: rpcit, cc: 2, time: 3 }", 'unknown field "time", did you mean "times"?'],
  ["for a mistyped function", "{ instruction: rpcit, cc: 2, of: alhpa }", 'did you mean "alpha"?'],
  ["without a status", "{ instruction: rpcit, cc: 1 }", "expected a status where cc is 1"],
  ["with a status that nobody reads", "{ instruction: rpcit, cc: 2, status: 8 }", "expected a status where cc is 1"],
  [
    "of success where it means more",
    "{ instruction: mpcifc, control: reset-error, cc: 0 }",
    "expected register-ioat or",
  ],
  [
    "of two kinds",
    '{ instruction: clp, command: query, done: true, response: "0x101", says: { edma: 0x1 } }',
    "either a response or says",
  ],
  [
    "that says nothing",
    "{ instruction: clp, command: query, done: true, says: {} }",
    "expected a field such as dtsm",
  ],
  [
    "that says what another does",
    "{ instruction: clp, command: query, done: true, says: { refresh: true } }",
    "edma of query",
  ],
  ["that says so alone", "{ instruction: clp, command: query, says: { edma: 0x1 } }", "expected done: true"],
  ["of success by a response", "{ instruction: clp, command: enable, response: 0x0010 }", "0x0010 is success"],
  ["of nothing at all", "{ instruction: clp, command: enable }", "either a response or says where cc is 0"],
  ["of a list for a function", "{ instruction: clp, command: list, of: b, cc: 3 }", "this command names none"],
  ["that are none", "[]", "expected one answer to 8"],
  ["that is no answer", "busy", "expected an answer such as"],
])("refuses an answer %s", (_, answer, problem) => {
  const attempt = (): unknown => parse(`${map}${answer}\n`);
  expect(attempt).toThrow(ScenarioError);
  expect(attempt).toThrow(problem);
  expect(attempt).toThrow("line 10");
});

it("refuses answers to a phrase, and beside what is done inside", () => {
  expect(() => parse("  - take-iommufd: { function: b }\n    answer: { instruction: rpcit, cc: 2 }\n")).toThrow(
    'stands for several operations: give "answer" to one of them',
  );
  expect(() =>
    parse(
      `${map}{ instruction: rpcit, cc: 2 }\n    during: [{ at: after-flush, dma-write: { function: b, iova: base, block: 1 } }]\n`,
    ),
  ).toThrow('either "answer" or "during"');
});
