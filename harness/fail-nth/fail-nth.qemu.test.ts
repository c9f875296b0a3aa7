/** Allocations fail on a real kernel: each once, nothing stays behind, and what does would be seen. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { Operation } from "../../src/operation/operation.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import type { Bench } from "../run/bench.ts";
import { openEmulatedBench } from "../run/emulated-bench.ts";
import { readLedger } from "../scenarios/read-ledger.ts";
import type { FailNthRecord } from "./fail-nth-record.ts";
import { readLosses } from "./losses.ts";
import { runFailNth } from "./run-fail-nth.ts";

const signal = new AbortController().signal;
const scenario = parseScenario(
  `name: sample
summary: An IOAS with a page, attached and left
tags: [iommufd]
functions: { a: virtio-rng }
buffers: { p: 1 }
steps:
  - take-iommufd: { function: a }
  - ioas-alloc: { ioas: A }
  - hwpt-alloc: { hwpt: H, function: a, ioas: A }
  - ioas-map: { ioas: A, iova: base, buffer: p }
  - attach: { function: a, to: H }
`,
  "sample.yaml",
);

let folder: string;
let bench: Awaited<ReturnType<typeof openEmulatedBench>>;
beforeAll(async () => {
  bench = await openEmulatedBench({ kernel: null, qemu: null, report: () => undefined, signal });
}, 900_000);
afterAll(() => bench[Symbol.asyncDispose]());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zt-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Whatever is performed, as it is changed, and how it ended. */
type Performed = readonly [op: Operation["op"], failNth: number | undefined, result: string];

/** The allocations of the last two operations fail. */
async function failAll(
  change: (operation: Operation) => Operation,
): Promise<{ readonly record: FailNthRecord; readonly performed: readonly Performed[] }> {
  const performed: Performed[] = [];
  const watched: Bench = {
    ...bench,
    createTarget: (console) => {
      const target = bench.createTarget(console);
      return {
        profile: target.profile,
        start: async (plan, until) => {
          const started = await target.start(plan, until);
          return {
            profile: started.profile,
            perform: async (operation, limit) => {
              const done = await started.perform(change(operation), limit);
              performed.push([operation.op, operation.failNth, done.observation.result]);
              return done;
            },
            [Symbol.asyncDispose]: () => started[Symbol.asyncDispose](),
          };
        },
      };
    },
  };
  const record = await runFailNth(scenario, {
    ...{ bench: watched, ledger: await readLedger(), runFolder: folder, keep: false, signal },
    reproduce: ({ name }) => `zhil run ${name}`,
    ...{ only: null, losses: await readLosses() },
    claim: (history) => /"op":"(?:ioas-map|attach)"[^{}]*\}\]$/.test(history),
  });
  return { record, performed };
}

it("has every allocation of an operation fail once, leaves nothing behind, and attaches again", async () => {
  const { record, performed } = await failAll((operation) => operation);
  expect(record.findings).toEqual([]);
  expect(record.operations.map(({ operation }) => operation)).toEqual(["ioas-map", "attach"]);
  for (const { injections, refused } of record.operations) {
    expect(injections).toBeGreaterThanOrEqual(3);
    expect(refused).toBeGreaterThanOrEqual(2);
  }
  expect(performed.map(([op, , result]) => [op, result])).toContainEqual(["ioas-map", "ENOMEM"]);
  const afterwards = performed.slice(performed.findLastIndex(([op]) => op === "unbind"));
  expect(afterwards.map(([op, , result]) => [op, result])).toEqual(
    ["unbind", "bind", "open", "bind-iommufd", "ioas-alloc", "attach", "close", "iommufd-close", "pinned"].map(
      (op) => [op, "OK"],
    ),
  );
});

it("sees a page that stays pinned", async () => {
  const { record } = await failAll((operation) => (operation.op === "iommufd-close" ? { op: "look" } : operation));
  expect(record.verdict).toBe("fail");
  expect(record.findings[0]).toMatchObject({ operation: "pinned", step: null });
  expect(record.findings[0]?.differences).toContainEqual(
    expect.objectContaining({ path: "values.pages", expected: 0, observed: 1 }),
  );
});
