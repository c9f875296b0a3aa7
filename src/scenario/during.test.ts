import { describe, expect, it } from "vitest";
import { planOf } from "../testing/plan-of.ts";
import { kernelOptionsOf } from "./requirements.ts";
import { parseScenario, ScenarioError } from "./parse.ts";
import type { Scenario } from "./scenario.ts";

const header = `name: sample
summary: DMA inside an operation
tags: [test]
functions: { a: witness, b: witness, n: nvme }
buffers: { p: 2 }
steps:
  - take-iommufd: { function: a }
  - ioas-alloc: { ioas: A }
`;
const parse = (steps: string): Scenario => parseScenario(header + steps, "sample.yaml");
const unmap = "  - ioas-unmap: { ioas: A, iova: base, length: 0x1000 }\n    during:\n";

describe("what is done inside an operation", () => {
  it("stands beside its step, in order", () => {
    const { steps } = parse(`${unmap}      - at: before-flush
        of: b
        dma-write: { function: a, iova: base, block: 1 }
      - { at: after-flush, dma-read: { function: b, iova: last-0xfff, block: 2 } }
    note: Both`);
    expect(steps.at(-1)).toEqual({
      op: "ioas-unmap",
      fields: { ioas: "A", iova: "base", length: "0x1000" },
      note: "Both",
      during: [
        { at: "before-flush", of: "b", op: "dma-write", fields: { function: "a", iova: "base", block: 1 } },
        { at: "after-flush", op: "dma-read", fields: { function: "b", iova: "last-0xfff", block: 2 } },
      ],
      answers: [],
    });
  });

  it("has its addresses made numbers in a plan", () => {
    const plan = planOf(
      "ioas-alloc: { ioas: A }\n" +
        '{ "ioas-unmap": { ioas: A, iova: base, length: 0x1000 }, during: [{ at: after-flush, dma-write: { function: w, iova: base+0x1000, block: 1 } }] }',
    );
    expect(plan.steps[1]?.operation.during).toEqual([
      { at: "after-flush", operation: { op: "dma-write", function: "w", iova: "0x100001000", block: 1 } },
    ]);
    expect(plan.steps[0]?.operation).not.toHaveProperty("during");
  });

  it("needs a kernel that tells its symbols", () => {
    const inside = `${unmap}      - { at: after-flush, dma-write: { function: a, iova: base, block: 1 } }\n`;
    expect(kernelOptionsOf(parse(inside))).toContain("KALLSYMS");
    expect(kernelOptionsOf(parse("  - look:"))).not.toContain("KALLSYMS");
  });
});

const dma = "dma-write: { function: a, iova: base, block: 1 }";
it.each([
  [
    "under an operation without points",
    `  - look:\n    during: [{ at: before-flush, ${dma} }]`,
    10,
    '"look" has no points',
  ],
  [
    "under a phrase",
    `  - take-iommufd: { function: b }\n    during: [{ at: before-flush, ${dma} }]`,
    10,
    "several operations",
  ],
  ["that is no list", `${unmap}      { at: before-flush, ${dma} }`, 10, "expected a list such as"],
  ["that is empty", "  - detach: { function: a }\n    during: []", 10, "expected a list such as"],
  ["that is a text", `${unmap}      - before-flush`, 11, "expected an entry such as"],
  ["at no point", `${unmap}      - { ${dma} }`, 11, "at"],
  ["at a point nobody knows", `${unmap}      - { at: before-lunch, ${dma} }`, 11, "before-flush"],
  [
    "at a point that is another operation's",
    `${unmap}      - { at: before-reset, ${dma} }`,
    11,
    'never passes "before-reset"; it passes before-invalidate, before-flush, after-flush',
  ],
  [
    "that does nothing",
    `${unmap}      - { at: before-flush }`,
    11,
    "expected one of dma-write, dma-read, flush at a point, found none",
  ],
  [
    "that does two things",
    `${unmap}      - { at: before-flush, ${dma}, dma-read: {} }`,
    11,
    "found dma-write and dma-read",
  ],
  ["that needs the host", `${unmap}      - { at: before-flush, reset: { function: a } }`, 11, "found reset"],
  ["of a function nobody named", `${unmap}      - { at: before-flush, of: z, ${dma} }`, 11, 'unknown function "z"'],
  [
    "of a function where there is only one",
    `  - detach: { function: a }\n    during: [{ at: before-unregister, of: a, ${dma} }]`,
    10,
    '"of" is for before-flush and after-flush',
  ],
  [
    "with a field too many",
    `${unmap}      - at: before-flush\n        dma-write: { function: a, iova: base, block: 1, blok: 2 }`,
    12,
    'unknown field "blok", did you mean "block"?',
  ],
  [
    "by a function nobody named",
    `${unmap}      - at: before-flush\n        dma-write: { function: z, iova: base, block: 1 }`,
    12,
    'unknown function "z"',
  ],
  [
    "by an NVMe",
    `${unmap}      - at: before-flush\n        dma-write: { function: n, iova: base, block: 1 }`,
    12,
    '"n" is a nvme: while its host stands still only a witness',
  ],
])("is refused %s", (_, steps, line, problem) => {
  const error: unknown = (() => {
    try {
      return parse(steps);
    } catch (reason) {
      return reason;
    }
  })();
  expect(error).toBeInstanceOf(ScenarioError);
  expect((error as ScenarioError).message).toContain(problem);
  expect((error as ScenarioError).line).toBe(line);
});
