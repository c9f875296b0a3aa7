import { expect, it } from "vitest";
import { predict } from "../model/model.ts";
import { exampleObservation } from "../compare/compare.ts";
import { planOf } from "../testing/plan-of.ts";
import { judge } from "../verdict/judge.ts";
import { readTrace } from "./migrate.ts";
import { planOfTrace, traceVersion, type Trace } from "./trace.ts";

const plan = planOf(`
  bind: { function: a }
  open: { function: a }
  close: { function: a }
    `);

const trace: Trace = {
  header: {
    ...{ trace: traceVersion, scenario: plan.scenario, profile: plan.profile, buffers: plan.buffers },
    ...{ replaced: ["address"], recorder: "0.1.0" },
  },
  steps: predict(plan).map(({ expectation }, index) => ({
    step: index + 1,
    note: null,
    operation: plan.steps[index]!.operation,
    observation: exampleObservation(expectation),
    evidence: { micros: 1, log: [], raw: null },
  })),
};
const lines = (version: number = traceVersion): unknown[] =>
  JSON.parse(JSON.stringify([{ ...trace.header, trace: version }, ...trace.steps])) as unknown[];

const otherKernel = { ...plan.profile, kernel: { ...plan.profile.kernel, options: "all" } };

/** As the first version wrote it. */
function firstVersion(): unknown[] {
  const [{ buffers: _, replaced: __, ...header }, ...steps] = lines(1) as [Record<string, unknown>, ...object[]];
  return [header, ...steps.map((step) => ({ ...step, note: undefined }))];
}

it("reads a trace and judges it by nothing else", () => {
  const read = readTrace(lines(), null);
  expect(read).toEqual(trace);
  expect(judge(planOfTrace(read), read, []).verdict).toBe("pass");
});

it("takes a trace of the first version, with the plan beside it", () => {
  const read = readTrace(firstVersion(), { buffers: plan.buffers, notes: ["bound"] });
  expect(read.header).toEqual({ ...trace.header, replaced: [] });
  expect(read.steps.map(({ note }) => note)).toEqual(["bound", null, null]);
  expect(judge(planOfTrace(read), read, []).verdict).toBe("pass");
});

it("takes what the model said of what it left open, in the first version", () => {
  const [header, first, ...rest] = firstVersion() as [object, { observation: object }, ...object[]];
  const open = { ...first.observation, values: "any", messages: "any", devices: "any" };
  const read = readTrace([header, { ...first, observation: open }, ...rest], { buffers: [], notes: [] });
  expect(read.steps[0]?.observation).toMatchObject({ values: {}, messages: [] });
  expect(read.steps[0]?.observation).not.toHaveProperty("devices");
});

it.each([
  ["a newer version", () => lines(3), /it has version 3, newest known is 2/u],
  ["one of the first version alone", firstVersion, /version 1 leaves its buffers to "operations.yaml"/u],
  ["something else", () => [{ hello: 1 }], /first line is not the header/u],
  ["nothing", () => [null], /first line is not the header/u],
  ["a version that is none", () => [{ trace: 1.5 }], /first line is not the header/u],
  ["a header without a profile", () => [{ trace: 2 }], /^header: /u],
  [
    "a kernel without options",
    () => [{ ...trace.header, profile: otherKernel }],
    /^header: profile.kernel: options: /u,
  ],
  ["an unknown operation", () => change({ operation: { op: "constructor" } }), /^step 2: operation.op: /u],
  [
    "an operation with a field too many",
    () => change({ operation: { op: "bind", function: "a", x: 1 } }),
    /^step 2: operation bind/u,
  ],
  ["an observation that is none", () => change({ observation: { result: "OK" } }), /^step 2: observation/u],
  [
    "an entry that is passed over by its name",
    () =>
      change({ observation: { ...trace.steps[1]?.observation, memory: JSON.parse('{"__proto__":1}') as object } }),
    /^step 2: observation.memory: /u,
  ],
  ["a step that is none", () => change(null), /^step 2: /u],
])("refuses %s", (_, make, message) => {
  expect(() => readTrace(make(), null)).toThrow(message);
});

/** The trace with its second step changed. */
function change(fields: object | null): unknown[] {
  return lines().map((line, index) =>
    index !== 2 ? line : fields === null ? null : { ...(line as object), ...fields },
  );
}
