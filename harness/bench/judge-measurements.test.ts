import { describe, expect, it } from "vitest";
import type { Figure } from "./benchmark-record.ts";
import { judgeMeasurements } from "./judge-measurements.ts";
import type { Measurements, RunMeasurement, SideMeasurement } from "./measurements.ts";

const judged = (measurements: Measurements, cores = 2): Record<string, Figure> =>
  Object.fromEntries(judgeMeasurements(measurements, cores).map((figure) => [figure.figure, figure]));

const side = (alone: number, inTurn: number): { found: SideMeasurement } => ({
  found: { scenario: "s", bench: "b", alone: [alone], inTurn: [inTurn], phases: [], operations: [] },
});

const run = (scenarios: number, seconds: number, changes: Partial<RunMeasurement> = {}): RunMeasurement => ({
  ...{ scenarios, jobs: 2, seconds, intervals: [seconds], verdicts: { pass: scenarios }, trouble: null, orphans: 0 },
  ...{ cpu: { own: 1, children: 19 }, collected: true, phases: [] },
  memory: [
    { after: 100, bytes: 100 * 2 ** 20 },
    { after: scenarios, bytes: 104 * 2 ** 20 },
  ],
  ...changes,
});

describe("a thaw", () => {
  const thaw = (spawn: number, small: number, large: number): Measurements => ({
    thaw: {
      found: {
        spawns: [spawn],
        thaws: [
          { memoryMiB: 512, samples: [small] },
          { memoryMiB: 4096, samples: [large] },
        ],
      },
    },
  });

  it("is held against 1.3 times what an idle QEMU takes and 60 ms", () => {
    const figures = judged(thaw(40, 130, 131));
    expect(figures["thaw-512"]).toMatchObject({ ratio: 1.3, state: "met", baseline: { value: 100 } });
    expect(figures["thaw-4096"]?.state).toBe("missed");
    expect(figures["spawn"]).toMatchObject({ value: 40, state: "shown" });
  });

  it.each([
    [109, "met"],
    [111, "missed"],
    [89, "missed"],
  ])("of 4 GiB in %d ms where 512 MiB take 100: %s", (large, state) => {
    expect(judged(thaw(40, 100, large))["thaw-by-memory"]?.state).toBe(state);
  });
});

describe("a check of recorded traces", () => {
  const check = (traces: number, checks: readonly number[]): Record<string, Figure> =>
    judged({ check: { found: { traces, checks, helps: [100] } } });

  it("is held against two seconds for a thousand, and the first time for itself", () => {
    expect(check(1000, [2100, 1900, 1800])).toMatchObject({
      check: { value: 1900, state: "met" },
      "check-first": { value: 2100, state: "missed" },
      help: { value: 100, state: "shown" },
    });
  });

  it("is shown where there are fewer", () => {
    expect(check(100, [500])).toMatchObject({ check: { state: "shown" }, "check-first": { state: "shown" } });
  });
});

describe("the smallest scenario", () => {
  const sides = {
    ...{ clone: side(300, 200), cold: side(1500, 1200) },
    ...{ type1Clone: side(310, 210), debianCold: side(6000, 5250) },
  };

  it("is held against a cold boot by what it takes in a run, and shown alone", () => {
    const figures = judged({ scenario: { found: sides } });
    expect(figures["clone-against-cold"]).toMatchObject({ value: 200, ratio: 6, state: "met" });
    expect(figures["clone-against-cold-alone"]).toMatchObject({ value: 300, ratio: 5, state: "shown" });
    expect(figures["clone-against-debian"]).toMatchObject({ value: 210, ratio: 25, state: "met" });
  });

  it("is compared with what could be measured, where one side could not", () => {
    const figures = judged({ scenario: { found: { ...sides, debianCold: { failed: "no such package" } } } });
    expect(figures["clone-against-cold"]?.state).toBe("met");
    expect(figures["clone-against-debian"]).toMatchObject({ state: "unmeasured", note: "no such package" });
  });
});

describe("a guest on a host", () => {
  const clones = side(9000, 0).found;

  it("is held against ten seconds, and shown beside a boot of both", () => {
    const slow = { ...clones, alone: [10_001] };
    const found = [
      { backend: "iommufd", clones, cold: 90_000 },
      { backend: "container", clones: slow, cold: 90_000 },
    ] as const;
    const figures = judged({ passthrough: { found } });
    expect(figures["passthrough-iommufd"]).toMatchObject({ value: 9000, ratio: 10, state: "met" });
    expect(figures["passthrough-container"]?.state).toBe("missed");
    expect(judged({ passthrough: { found: [] } })["passthrough-iommufd"]?.state).toBe("unmeasured");
  });
});

describe("runs", () => {
  const growing = [run(100, 12), run(300, 36), run(1000, 120)];
  const found = { growing, usual: run(1000, 90, { jobs: 4 }) };
  const judgedRuns = (changes: Partial<typeof found>, cores = 2) =>
    judged({ runs: { found: { ...found, ...changes } } }, cores);

  it("meet every bar", () => {
    const states = Object.values(judgedRuns({})).map(({ figure, state }) => [figure, state]);
    expect(Object.fromEntries(states)).toEqual({
      ...{ run: "met", "run-usual-jobs": "shown", "run-other-verdicts": "met", "run-orphans": "met" },
      ...{ "run-memory-growth": "met", "run-cpu-share": "met", "run-cost-growth": "met" },
    });
  });

  it("have as long as two cores would have, in proportion to cores and scenarios", () => {
    expect(judgedRuns({}, 4)["run"]).toMatchObject({ bar: { limit: 60 }, state: "missed" });
    expect(judgedRuns({ growing: [run(10, 1), run(100, 13)] })["run"]).toMatchObject({
      ...{ bar: { limit: 12 }, state: "missed" },
      what: "100 such scenarios, each on its own clone, -j 2",
    });
  });

  it("have every scenario pass, in each of them", () => {
    const usual = run(1000, 90, { verdicts: { pass: 998, fail: 1 }, trouble: "s-17: fail: it differs" });
    expect(judgedRuns({ usual })["run-other-verdicts"]).toMatchObject({
      ...{ value: 2, state: "missed", note: "s-17: fail: it differs" },
    });
  });

  it("leave no process behind", () => {
    expect(judgedRuns({ usual: run(1000, 90, { orphans: 1 }) })["run-orphans"]).toMatchObject({
      ...{ value: 1, state: "missed" },
    });
  });

  it("do not grow in memory", () => {
    const memory = [100, 111].map((mebibytes, index) => ({
      after: index === 0 ? 100 : 1000,
      bytes: mebibytes * 2 ** 20,
    }));
    expect(judgedRuns({ growing: [run(1000, 90, { memory })] })["run-memory-growth"]).toMatchObject({
      state: "missed",
      note: "RSS 100 MiB after 100 scenarios, 111 MiB after 1000, each after a garbage collection",
    });
    expect(judgedRuns({ growing: [run(1, 1, { memory: [] })] })["run-memory-growth"]?.state).toBe("unmeasured");
  });

  it("are too short to be judged by their memory where Node itself was still growing", () => {
    const memory = [
      { after: 99, bytes: 2 ** 20 },
      { after: 990, bytes: 2 ** 21 },
    ];
    expect(judgedRuns({ growing: [run(990, 90, { memory })] })["run-memory-growth"]).toMatchObject({
      ...{ value: 100, state: "shown" },
    });
  });

  it("leave the processor to the guests", () => {
    const cpu = { own: 11, children: 89 };
    expect(judgedRuns({ growing: [run(1000, 90, { cpu })] })["run-cpu-share"]).toMatchObject({
      ...{ value: 11, state: "missed" },
    });
  });

  it("cost each scenario the same whatever their number", () => {
    expect(judgedRuns({ growing: [run(100, 12), run(1000, 133)] })["run-cost-growth"]?.state).toBe("missed");
    expect(judgedRuns({ growing: [run(100, 13.3), run(1000, 120)] })["run-cost-growth"]?.state).toBe("missed");
  });
});

it("wants 5,000 round trips of DMA a second", () => {
  const state = (perSecond: number) =>
    judged({ dma: { found: { perSecond: [perSecond], ownMicros: [50] } } })["dma-round-trips"]?.state;
  expect([state(5000), state(4999)]).toEqual(["met", "missed"]);
});

it("says of every figure of a part why it could not be measured, and nothing of parts that were not asked for", () => {
  const failed = { failed: "no QEMU" };
  const all = judged({ thaw: failed, scenario: failed, memory: failed, dma: failed, runs: failed });
  expect(Object.keys(all)).toHaveLength(17);
  for (const figure of Object.values(all)) expect(figure).toMatchObject({ state: "unmeasured", note: "no QEMU" });
  expect(Object.keys(judged({ memory: { found: { privateMiB: [20, 30, 40] } } }))).toEqual(["idle-memory"]);
  expect(judged({})).toEqual({});
});

it("holds the cost of messages against all that the orchestrator took", () => {
  const judge = (messages: number): unknown =>
    judgeMeasurements({ messages: { found: { scenarios: 9, messages, microsEach: 50, ownSeconds: 10 } } }, 2)[0];
  expect(judge(20_000)).toMatchObject({ figure: "message-share", value: 10, state: "met" });
  expect(judge(20_200)).toMatchObject({ state: "missed" });
  expect(judge(20_000)).toMatchObject({
    note: "20000 messages of at most 50 µs in 9 scenarios, which took 10.0 s of its CPU time",
  });
});
