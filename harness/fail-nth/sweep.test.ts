import { expect, it } from "vitest";
import { exampleOf, type Pattern } from "../../src/compare/pattern.ts";
import { Choices } from "../../src/model/choices.ts";
import { initialState } from "../../src/model/initial-state.ts";
import { step } from "../../src/model/model.ts";
import type { Operation } from "../../src/operation/operation.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { modelProfile } from "../../src/target/model-target.ts";
import type { StartedTarget } from "../../src/target/target.ts";
import type { Observation } from "../../src/trace/observation.ts";
import { Follower } from "../../src/verdict/follow.ts";
import { Cursor } from "./cursor.ts";
import type { Loss } from "./losses.ts";
import { Kernel, type Deviation } from "./sweep.ts";

const a = { name: "a", device: "nvme", uid: 1, fid: 0x20 } as const;
const profile = { ...modelProfile, functions: [a] };
const operations: readonly Operation[] = [
  { op: "bind", function: "a" },
  { op: "open", function: "a" },
  { op: "bind-iommufd", function: "a", iommufd: "main" },
  { op: "ioas-alloc", ioas: "A", iommufd: "main" },
  { op: "attach", function: "a", to: "A" },
  { op: "look" },
];
const plan: Plan = {
  scenario: "fake",
  functions: [a],
  buffers: [],
  steps: operations.map((operation) => ({ operation, note: null })),
  profile,
};
const { signal } = new AbortController();

/** What a fake kernel does with its memory. */
interface Memory {
  /** Allocations of each operation. */
  readonly allocations: number;
  /** The operation goes on without the nth. */
  readonly survives?: (op: string, nth: number) => boolean;
  /** What it shows otherwise than it should. */
  readonly spoil?: (observation: Observation, operation: Operation) => Observation;
  readonly stack?: readonly string[];
}

/** A kernel as the model has it, with allocations. */
function startFake({
  allocations,
  survives = () => false,
  spoil = (each) => each,
  stack = [],
}: Memory): StartedTarget {
  let state = initialState(plan);
  return {
    profile,
    perform: (operation) => {
      const { failNth } = operation;
      const injected = failNth !== undefined && failNth <= allocations;
      const refused = injected && !survives(operation.op, failNth);
      const next = step(state, operation, profile, new Set(), new Choices(refused ? [1] : []));
      state = next.state;
      const seen = exampleOf(next.expectation as unknown as Pattern) as unknown as Observation;
      const observation =
        failNth === undefined
          ? seen
          : { ...seen, messages: [], values: refused ? { injected } : { ...seen.values, injected } };
      const log = injected
        ? ["FAULT_INJECTION: forcing a failure.", ...stack.map((name) => ` [<000003ffe0>] ${name}+0x10/0x20 `)]
        : [];
      return Promise.resolve({ observation: spoil(observation, operation), evidence: { micros: 0, log, raw: null } });
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Kernels until every allocation has failed, or one differs. */
async function sweep(memory: Memory, losses: readonly Loss[] = []) {
  const cursor = new Cursor(plan, () => true);
  const performed: string[] = [];
  const lost = new Set<string>();
  let deviation: Deviation | null = null;
  let kernels = 0;
  while (!cursor.isDone && deviation === null && kernels < 20) {
    kernels += 1;
    const kernel = new Kernel({
      ...{ plan, losses, signal, started: startFake(memory), follower: new Follower(plan, []) },
      onPerformed: ({ operation }) => performed.push(operation.op),
    });
    deviation = await kernel.sweep(cursor);
    for (const { name } of kernel.lost) lost.add(name);
  }
  return { cursor, deviation, kernels, performed, lost: [...lost] };
}

it("fails every allocation of every operation on one kernel, as long as each refuses, then lets go of all and takes it up again", async () => {
  const { cursor, deviation, kernels, performed } = await sweep({ allocations: 3 });
  expect({ deviation, kernels }).toEqual({ deviation: null, kernels: 1 });
  expect(cursor.tallies).toEqual(
    operations.slice(0, 5).map(({ op }, index) => ({ step: index + 1, operation: op, injections: 3, refused: 3 })),
  );
  expect(performed.slice(-13)).toEqual([
    ...["look", "close", "iommufd-close", "pinned", "unbind", "bind", "open"],
    ...["bind-iommufd", "ioas-alloc", "attach", "close", "iommufd-close", "pinned"],
  ]);
});

it("takes another kernel for what is left of an operation that went on without", async () => {
  const { cursor, deviation, kernels } = await sweep({
    allocations: 3,
    survives: (op, nth) => op === "open" && nth === 2,
  });
  expect({ deviation, kernels }).toEqual({ deviation: null, kernels: 2 });
  expect(cursor.tallies[1]).toEqual({ step: 2, operation: "open", injections: 3, refused: 2 });
});

it("finds an operation that refuses and has changed something", async () => {
  const { deviation } = await sweep({
    allocations: 2,
    stack: ["dump_stack_lvl", "should_fail_ex", "__kmalloc_noprof", "iopt_alloc"],
    spoil: (seen, { op, failNth }) =>
      op === "attach" && failNth === 2
        ? { ...seen, functions: { a: { driver: null, enabled: true, counters: null } } }
        : seen,
  });
  expect(deviation).toMatchObject({ after: { step: 5, nth: 2 }, step: 5, operation: "attach" });
  expect(deviation?.differences.map(({ path }) => path)).toEqual(["functions.a.driver"]);
  expect(deviation?.stack).toEqual(["__kmalloc_noprof", "iopt_alloc"]);
});

it("finds another errno, an error event, a warning, and pages that stay pinned", async () => {
  const findBy = async (spoil: NonNullable<Memory["spoil"]>): Promise<string | undefined> =>
    (await sweep({ allocations: 1, spoil })).deviation?.differences[0]?.path;
  const onAlloc =
    (change: Partial<Observation>) =>
    (seen: Observation, operation: Operation): Observation =>
      operation.op === "ioas-alloc" && operation.failNth === 1 ? { ...seen, ...change } : seen;
  expect(await findBy(onAlloc({ result: "EIO" }))).toBe("result");
  expect(await findBy(onAlloc({ messages: ["a error 0x3a"] }))).toBe("messages");
  expect(await findBy(onAlloc({ alarms: ["WARNING: x"] }))).toBe("alarms");
  expect(
    await findBy((seen, { op }) =>
      op === "pinned" ? { ...seen, values: { pages: 1, locked: 0, charged: 0 } } : seen,
    ),
  ).toBe("values.pages");
});

it("counts a loss for what it is, where who asked and what differs are named, and for a finding elsewhere", async () => {
  const memory: Memory = {
    allocations: 1,
    stack: ["kstrdup", "make_node", "device_add"],
    survives: (op) => op === "bind",
    spoil: (seen, { op }) => (op === "open" ? { ...seen, result: "ENOENT" } : seen),
  };
  const loss: Loss = {
    ...{
      name: "node",
      title: "The node is not there any more",
      fault: "none",
      why: "nobody looks at what it returns",
    },
    ...{ within: ["make_node"], itself: false, differs: [{ path: "result", observed: "ENOENT" }], sources: ["x.c"] },
  };
  const explained = await sweep(memory, [loss]);
  expect(explained.lost).toEqual(["node"]);
  expect((await sweep(memory, [{ ...loss, within: ["make_other"] }])).deviation).toMatchObject({ operation: "open" });
  const others: readonly Loss["differs"][] = [
    [{ path: "values.*", observed: "ENOENT" }],
    [{ path: "result", observed: "EIO" }],
    [{ path: "result", observed: "ENOENT", in: ["bind"] }],
  ];
  for (const differs of others) {
    expect((await sweep(memory, [{ ...loss, differs }])).deviation).toMatchObject({ operation: "open" });
  }
});
