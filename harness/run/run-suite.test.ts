/** Machines that come up before their scenario's turn: one for each that runs, none under memory pressure, none left. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseScenario } from "../../src/scenario/parse.ts";
import { ReporterGroup } from "../report/reporter.ts";
import type { RunResult } from "../report/reporter.ts";
import { fakeBench, type FakeBenchOptions } from "../testing/fake-bench.ts";
import { runSuite } from "./run-suite.ts";

const scenarioNames = ["one", "two", "three"];
const scenarios = scenarioNames.map((name) =>
  parseScenario(
    `{ name: ${name}, summary: Started before its turn, tags: [test], functions: { a: nvme }, steps: [{ bind: { function: a } }] }`,
    `${name}.yaml`,
  ),
);

let folder: string;
let events: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zt-"));
  events = [];
});
afterEach(() => rm(folder, { recursive: true }));

const gibibyte = 2 ** 30;

const run = (
  options: Pick<FakeBenchOptions, "onStep" | "onStart"> = {},
  { availableBytes = gibibyte, signal = new AbortController().signal } = {},
): Promise<RunResult> =>
  runSuite(
    { broken: [], scenarios },
    {
      bench: fakeBench({
        startsAhead: true,
        onStart: (name) => void events.push(`start ${name}`),
        onStep: async ({ scenario, honest }) => {
          // What was started ahead has had its chance to show.
          await new Promise((resolve) => setImmediate(resolve));
          events.push(`work ${scenario}`);
          return honest;
        },
        onEnd: (name) => void events.push(`end ${name}`),
        ...options,
      }),
      ledger: [],
      runFolder: folder,
      keep: false,
      reproduce: () => "",
      signal,
      jobs: 1,
      reporters: new ReporterGroup([]),
      measure: () => ({ cores: 1, availableBytes }),
    },
  );

describe("runSuite", () => {
  it("has the next machine come up while one works", async () => {
    const { records } = await run();
    expect(records.map(({ verdict }) => verdict)).toEqual(["pass", "pass", "pass"]);
    expect(events).toEqual([
      ...["start one", "start two", "work one", "end one"],
      ...["start three", "work two", "end two"],
      ...["work three", "end three"],
    ]);
  });

  it("starts none before its turn where memory is short, and goes on", async () => {
    await run({}, { availableBytes: gibibyte / 4 });
    expect(events).toEqual(scenarioNames.flatMap((name) => [`start ${name}`, `work ${name}`, `end ${name}`]));
  });

  it("ends a machine whose scenario does not get its turn, and leaves no evidence of it", async () => {
    const interrupt = new AbortController();
    const { records, missing } = await run(
      {
        onStep: async ({ scenario, honest }) => {
          await new Promise((resolve) => setImmediate(resolve));
          events.push(`work ${scenario}`);
          interrupt.abort(new Error("Interrupted"));
          return honest;
        },
      },
      { signal: interrupt.signal },
    );
    expect(events).toEqual(["start one", "start two", "work one", "end one", "end two"]);
    expect(records.map(({ scenario }) => scenario)).toEqual(["one"]);
    expect(missing).toEqual(["two", "three"]);
    expect(await readdir(folder)).toEqual(["one"]);
  });

  it("gives the error of a machine that could not come up to its own scenario", async () => {
    const { records } = await run({
      onStart: (name) => {
        if (name === "two") throw new Error("No such machine");
      },
    });
    expect(records.map(({ scenario, verdict }) => `${scenario} ${verdict}`)).toEqual([
      "one pass",
      "two error",
      "three pass",
    ]);
    expect(records[1]?.reason).toBe("No such machine");
  });
});
