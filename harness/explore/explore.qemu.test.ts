/** Exploring on a real kernel: what is quick shows what is slow, and what the ledger would tell of is found. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Pattern } from "../../src/compare/pattern.ts";
import { planOfCast, type Cast } from "../../src/explore/cast.ts";
import { operationFields, type Operation, type OperationName } from "../../src/operation/operation.ts";
import type { RunOperation } from "../../src/target/target.ts";
import type { Observation } from "../../src/trace/observation.ts";
import type { Bench } from "../run/bench.ts";
import { openEmulatedBench } from "../run/emulated-bench.ts";
import { temporaryFolder } from "../testing/scenario-files.ts";
import { explore } from "./explore.ts";

const { signal } = new AbortController();
let bench: Bench;
beforeAll(async () => {
  bench = await openEmulatedBench({ kernel: null, qemu: null, report: () => undefined, signal });
});
afterAll(() => bench[Symbol.asyncDispose]());

const make = (op: OperationName, fields: object = {}): Operation =>
  ({ op, ...operationFields[op].parse(fields) }) as Operation;
const at = (page: number): string => `0x${(0x1_0000_0000 + page * 0x1000).toString(16)}`;

it("observes the same of operations that are asked for at once as of those that wait for each other", async () => {
  await using folder = await temporaryFolder();
  const cast: Cast = {
    functions: { a: "nvme", w: "witness" },
    buffers: { p: 2 },
    kernelParameters: [],
    subjects: new Set(),
  };
  const plan = planOfCast("at-once", cast, bench.profile);
  const take = (name: string): Operation[] => [
    ...[make("bind", { function: name }), make("open", { function: name }), make("bind-iommufd", { function: name })],
  ];
  const attach = (name: string): Operation => make("attach", { function: name, to: "A" });
  // What changes what the witness can reach is the last of its run.
  const runs = [
    [
      make("ioas-alloc", { ioas: "A" }),
      ...take("a"),
      attach("a"),
      make("ioas-map", { ioas: "A", iova: at(9), buffer: "a.queues" }),
    ],
    [make("nvme-enable", { function: "a", iova: at(9) }), ...take("w")],
    [attach("w")],
    [make("bus-master", { function: "w" }), make("ioas-map", { ioas: "A", iova: at(0), buffer: "p" })],
    [
      ...[
        make("dma-write", { function: "a", iova: at(0), block: 3 }),
        make("fill", { buffer: "p", page: 1, with: "x" }),
      ],
      ...[
        make("dma-read", { function: "a", iova: at(1), block: 5 }),
        make("dma-read", { function: "a", iova: at(0), block: 5 }),
      ],
      ...[make("dma-write", { function: "w", iova: at(1), block: 2 }), make("attach", { function: "a", to: "A" })],
      ...[
        make("ioas-unmap", { ioas: "A", iova: at(0), length: "0x1000" }),
        make("ioas-unmap", { ioas: "A", iova: at(0), length: "0x2000" }),
      ],
    ],
    [make("dma-write", { function: "w", iova: at(0), block: 2 })],
    [make("close", { function: "a" }), make("look")],
  ];
  /** One after the other; at once where it is known what is to be seen. */
  const observe = async (known: readonly Observation[] | null): Promise<Observation[]> => {
    await using started = await bench.createTarget(join(folder.path, "console")).start(plan, signal);
    const observed: Observation[] = [];
    for (const run of runs) {
      if (known !== null && started.performRun !== undefined) {
        const asked = run.map((operation, index): RunOperation => {
          const { messages, devices } = known[observed.length + index] ?? { messages: [] };
          return { operation, isQuiet: messages.length === 0, devices: (devices ?? {}) as unknown as Pattern };
        });
        for await (const { observation } of started.performRun(asked, signal)) observed.push(observation);
      } else {
        for (const operation of run) observed.push((await started.perform(operation, signal)).observation);
      }
    }
    return observed;
  };
  const slow = await observe(null);
  const quick = await observe(slow);
  expect(quick).toEqual(slow);
  expect(slow).toHaveLength(runs.flat().length);
  expect(slow.flatMap(({ messages }) => messages)).toContain("w error 0x4");
});

it("finds what the ledger would tell of, confirms it on fresh clones, and tells it in a few operations", async () => {
  await using folder = await temporaryFolder();
  const runFolder = join(folder.path, "runs");
  await mkdir(runFolder);
  const { findings, tally } = await explore({
    ...{ bench, ledger: [], jobs: 2, seed: 2, keep: false, runFolder, reproduce: () => "again", signal },
    ...{ findings: join(folder.path, "findings"), time: 60_000, length: 250, only: null, subjects: ["iommufd"] },
    ...{ untilFound: true, exports: false, effort: { limit: 4_000, tries: 1 } },
    onProgress: () => undefined,
  });
  expect(findings.at(-1)).toMatchObject({ verdict: "fail", confirmed: { shown: 1, tries: 1 } });
  expect(findings.at(-1)?.operations.shrunk).toBeLessThan(20);
  expect(tally.operations).toBeGreaterThan(10);
}, 120_000);
