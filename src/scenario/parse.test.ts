import { describe, expect, it } from "vitest";
import { parseScenario, ScenarioError } from "./parse.ts";

const header = `name: sample
summary: A scenario that stands for the others
tags: [sample]
functions: { a: nvme, r: virtio-rng }
buffers: { p: 2 }
`;
const withSteps = (steps: string): string => `${header}steps:\n${steps}`;

const errorOf = (text: string): ScenarioError => {
  try {
    parseScenario(text, "sample.yaml");
  } catch (error) {
    if (error instanceof ScenarioError) return error;
    throw error;
  }
  throw new Error("no error");
};
/** Line and problem, without the file that every message begins with. */
const problemOf = (text: string): [number, string] => {
  const { line, message, file } = errorOf(text);
  const start = `Cannot read scenario "${file}"${line > 0 ? `, line ${line}` : ""}: `;
  expect(message.startsWith(start)).toBe(true);
  return [line, message.slice(start.length)];
};

describe("a scenario that can be read", () => {
  it("has its steps in order, defaults filled in", () => {
    const { name, ground, steps } = parseScenario(
      withSteps(`  - ioas-alloc: { ioas: A }
  - ioas-map: { ioas: A, iova: base+0x1000, buffer: p, length: 0x800 }
    note: Half a page`),
      "sample.yaml",
    );
    expect({ name, ground }).toEqual({ name: "sample", ground: null });
    expect(steps).toEqual([
      { op: "ioas-alloc", fields: { ioas: "A", iommufd: "main" }, note: null, during: [], answers: [] },
      {
        op: "ioas-map",
        fields: {
          ioas: "A",
          iova: "base+0x1000",
          buffer: "p",
          length: "0x800",
          page: 0,
          skew: 0,
          read: true,
          write: true,
        },
        note: "Half a page",
        during: [],
        answers: [],
      },
    ]);
  });

  it("keeps every digit of a 64-bit address, quoted or not", () => {
    const { steps } = parseScenario(
      withSteps(`  - ioas-alloc: { ioas: A }
  - ioas-unmap: { ioas: A, iova: 0x0, length: 0xffffffffffffffff }
  - ioas-unmap: { ioas: A, iova: "0xfffffffffffff001", length: "0x1" }`),
      "sample.yaml",
    );
    expect(steps.map((step) => [step.fields["iova"], step.fields["length"]])).toEqual([
      [undefined, undefined],
      ["0x0", "0xffffffffffffffff"],
      ["0xfffffffffffff001", "0x1"],
    ]);
  });

  it("has a phrase's operations, with the note at the first", () => {
    const { steps } = parseScenario(
      withSteps("  - take-iommufd: { function: a }\n    note: It begins"),
      "sample.yaml",
    );
    expect(steps.map(({ op, note }) => [op, note])).toEqual([
      ["bind", "It begins"],
      ["open", null],
      ["bind-iommufd", null],
    ]);
  });

  it("may join a container that another function opened", () => {
    const { steps } = parseScenario(
      withSteps(`  - take-type1: { function: a, container: C }
  - take-type1: { function: r, container: C, join: true }`),
      "sample.yaml",
    );
    expect(steps.filter(({ op }) => op === "container-open")).toHaveLength(1);
    expect(steps.filter(({ op }) => op === "container-set-iommu")).toHaveLength(1);
  });
});

describe("what is no scenario", () => {
  it("is named with the place where YAML ends", () => {
    const [line, problem] = problemOf("name: sample\nsummary: [never closed\ntags: x");
    expect(line).toBe(3);
    expect(problem).toMatch(/^not YAML: /u);
  });

  it("is two documents, a key twice, or a tag of YAML's own", () => {
    expect(problemOf("name: one\n---\nname: two")[1]).toMatch(/^not YAML: /u);
    expect(problemOf("name: one\nname: two")).toEqual([2, "not YAML: Map keys must be unique"]);
    expect(problemOf("name: !!js/function 'x'")[1]).toMatch(/^not YAML: Unresolved tag/u);
  });

  it("is nothing, a text or a list", () => {
    const expected = "expected a mapping with name, summary, tags, functions and steps";
    expect(problemOf("")[1]).toBe(expected);
    expect(problemOf("hello")[1]).toBe(expected);
    expect(problemOf("- bind: { function: a }")[1]).toBe(expected);
  });

  it("is too long", () => {
    expect(problemOf("#".repeat(200_001))).toEqual([0, "it is longer than 200000 characters"]);
  });

  it("has aliases, which could stand for gigabytes", () => {
    const levels = Array.from({ length: 20 }, (_, index) => {
      const many = Array.from({ length: 10 }, () => `*x${index}`).join(", ");
      return `x${index + 1}: &x${index + 1} [${many}]`;
    });
    const [line, problem] = problemOf(`x0: &x0 lol\n${levels.join("\n")}\n`);
    expect([line, problem]).toEqual([2, 'expected no aliases, found "*x0"']);
  });
});

describe("a header", () => {
  it("needs its fields", () => {
    const [line, problem] = problemOf("summary: A scenario without a name\ntags: [x]");
    expect(line).toBe(1);
    expect(problem).toMatch(/^"name": /u);
  });

  it("has no other", () => {
    const [line, problem] = problemOf(withSteps("  - look:").replace("tags:", "tag:"));
    expect(line).toBe(3);
    expect(problem).toMatch(/^unknown field "tag", did you mean "tags"\?/u);
    const [second, extra] = problemOf(`${withSteps("  - look:")}\nexpect: { result: OK }`);
    expect(second).toBe(8);
    expect(extra).toMatch(/^unknown field "expect", .*known are name, summary, tags, /u);
  });

  it("knows devices by name, and modules by path", () => {
    const [line, problem] = problemOf(withSteps("  - look:").replace("virtio-rng", "ide"));
    expect(line).toBe(4);
    expect(problem).toMatch(/^"functions.r": .*nvme.*virtio-rng.*or the path of a module such as \.\/mine\.mjs$/u);
    expect(problemOf(withSteps("  - look:").replace("virtio-rng", "mine.mjs"))[1]).toMatch(/^"functions.r": /u);
    const text = withSteps("  - look:").replace("virtio-rng", "../some/mine.mjs");
    expect(parseScenario(text, "sample.yaml").functions).toMatchObject({ r: "../some/mine.mjs" });
  });

  it("takes buffers of 1 to 256 pages", () => {
    expect(problemOf(withSteps("  - look:").replace("p: 2", "p: 0"))[0]).toBe(5);
    expect(problemOf(withSteps("  - look:").replace("p: 2", "p: 257"))[1]).toMatch(/256/u);
  });

  it("takes no name that means something in JavaScript", () => {
    const text = withSteps("  - look:").replace("r: virtio-rng", "constructor: nvme");
    expect(problemOf(text)[0]).toBe(4);
  });

  it("has steps", () => {
    const expected = 'expected a list of steps, such as "- bind: { function: a }"';
    expect(problemOf(header)).toEqual([1, expected]);
    expect(problemOf(`${header}steps: []`)).toEqual([6, expected]);
    expect(problemOf(`${header}steps: { bind: { function: a } }`)).toEqual([6, expected]);
  });

  it("has 500 steps at most", () => {
    expect(parseScenario(withSteps("  - look:\n".repeat(500)), "f").steps).toHaveLength(500);
    expect(problemOf(withSteps("  - look:\n".repeat(501)))).toEqual([6, "expected at most 500 steps, found 501"]);
  });
});

describe("a step", () => {
  const problemOfStep = (...lines: string[]): [number, string] =>
    problemOf(withSteps(["  - look:", ...lines.map((line) => `  ${line}`)].join("\n")));

  it("is one operation", () => {
    expect(problemOfStep("- look")).toEqual([8, 'expected a step such as "bind: { function: a }", found "look"']);
    expect(problemOfStep("- note: Nothing")).toEqual([8, "expected one operation in a step, found none"]);
    expect(problemOfStep("- bind: { function: a }", "  open: { function: a }")).toEqual([
      8,
      "expected one operation in a step, found bind and open",
    ]);
  });

  it("suggests the operation nearest to an unknown one", () => {
    const [line, problem] = problemOfStep("- iosa-map: { ioas: A }");
    expect(line).toBe(8);
    expect(problem).toMatch(/^unknown operation "iosa-map", did you mean "ioas-map"\? known are take-iommufd, /u);
    expect(problemOfStep("- frobnicate: {}")[1]).toMatch(/^unknown operation "frobnicate", known are /u);
    expect(problemOfStep("- start-nvm: { function: a }")[1]).toMatch(/did you mean "start-nvme"\?/u);
  });

  it("names an unknown field where it stands, and the nearest", () => {
    expect(problemOfStep("- bind:", "    function: a", "    fuction: r")).toEqual([
      10,
      'unknown field "fuction", did you mean "function"? known are function',
    ]);
  });

  it("names a field of the wrong type where it stands", () => {
    const [line, problem] = problemOfStep("- power:", "    function: a", "    on: perhaps");
    expect(line).toBe(10);
    expect(problem).toMatch(/^"on": .*boolean/u);
  });

  it("names a field that is missing where the operation stands", () => {
    const [line, problem] = problemOfStep("- attach:", "    function: a");
    expect(line).toBe(8);
    expect(problem).toMatch(/^"to": /u);
  });

  it.each(["middle", "base+4096", "0x", "0x12345678901234567", "4096", "base-0x1-0x1"])(
    "refuses %s as an address",
    (address) => {
      const [line, problem] = problemOfStep(
        "- ioas-alloc: { ioas: A }",
        "- ioas-map:",
        "    ioas: A",
        `    iova: ${address}`,
        "    buffer: p",
      );
      expect(line).toBe(11);
      expect(problem).toMatch(/^"iova": /u);
    },
  );

  it("refuses a length relative to the aperture", () => {
    const [line, problem] = problemOfStep(
      "- ioas-alloc: { ioas: A }",
      "- ioas-unmap: { ioas: A, iova: base, length: last }",
    );
    expect([line, problem]).toEqual([9, '"length": expected a hexadecimal number such as 0x1000']);
  });

  it("takes a text as its note", () => {
    expect(problemOfStep("- look:", "  note: [a, b]")).toEqual([9, "expected a text as the note"]);
  });

  it("starts a controller in an IOAS or in a container, not in both and not in none", () => {
    const expected = "expected either an ioas or a container";
    expect(problemOfStep("- start-nvme: { function: a }")).toEqual([8, expected]);
    expect(problemOfStep("- start-nvme: { function: a, ioas: A, container: C }")).toEqual([8, expected]);
  });
});

describe("a name in a step", () => {
  const problemOfSteps = (...steps: string[]): [number, string] =>
    problemOf(withSteps(steps.map((step) => `  - ${step}`).join("\n")));

  it("is a function or buffer of the header", () => {
    expect(problemOfSteps("bind: { function: b }")[1]).toMatch(/^unknown function "b": expected one of "functions"/u);
    expect(problemOfSteps("fill: { buffer: q, with: x }")[1]).toMatch(
      /^unknown buffer "q": expected one of "buffers"/u,
    );
    expect(problemOfSteps("take-iommufd: { function: b }")).toEqual([
      7,
      'unknown function "b": expected one of "functions"; did you mean "a"?',
    ]);
  });

  it("may be a function's own buffer", () => {
    expect(problemOfSteps("ioas-alloc: { ioas: A }", "ioas-map: { ioas: A, buffer: b.queues }")[0]).toBe(8);
    const text = withSteps("  - ioas-alloc: { ioas: A }\n  - ioas-map: { ioas: A, buffer: a.queues }");
    expect(parseScenario(text, "f").steps).toHaveLength(2);
  });

  it("is an object that an earlier step allocates", () => {
    expect(problemOfSteps("attach: { function: a, to: A }", "ioas-alloc: { ioas: A }")).toEqual([
      7,
      'unknown IOAS or HWPT "A": expected one that a step before it allocates; did you mean "a"?',
    ]);
    expect(
      problemOfSteps(
        "ioas-alloc: { ioas: A }",
        "ioas-copy: { from: A, to: B, source: 0x0, iova: 0x0, length: 0x1 }",
      )[0],
    ).toBe(8);
    expect(problemOfSteps("hot-reset: { function: a, groups: [a, c] }")[1]).toMatch(/^unknown function "c"/u);
  });

  it("is a container that an earlier step opens", () => {
    expect(problemOfSteps("container-info: { container: C }")).toEqual([
      7,
      'unknown container "C": expected one that a step before it opens',
    ]);
    expect(problemOfSteps("take-type1: { function: a, container: C, join: true }")[0]).toBe(7);
  });

  it("may be a function where one is attached to or destroyed", () => {
    const text = withSteps("  - attach: { function: a, to: r }\n  - destroy: { object: a }");
    expect(parseScenario(text, "f").steps).toHaveLength(2);
  });
});
