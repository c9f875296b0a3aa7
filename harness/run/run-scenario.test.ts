import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseScenario } from "../../src/scenario/parse.ts";
import type { ScenarioRecord } from "../evidence/record.ts";
import { fakeBench, type FakeBenchOptions, type StepCall } from "../testing/fake-bench.ts";
import { runScenario } from "./run-scenario.ts";

const scenario = parseScenario(
  `name: under-test
summary: Two steps of a test
tags: [test]
functions: { a: nvme }
steps:
  - bind: { function: a }
  - unbind: { function: a }
`,
  "under-test.yaml",
);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zt-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const run = (
  onStep: (call: StepCall) => StepCall["honest"],
  signal = new AbortController().signal,
  told: Pick<FakeBenchOptions, "onDistrust" | "onEnd"> = {},
): Promise<ScenarioRecord> =>
  runScenario(scenario, {
    bench: fakeBench({ onStep, ...told }),
    ledger: [],
    runFolder: folder,
    keep: false,
    reproduce: () => "zhil run under-test",
    signal,
  });

const breakAt = (step: number): never => {
  throw new Error(`The channel broke at step ${String(step)}`);
};

describe("runScenario", () => {
  it("is an error where no answer was had", async () => {
    const record = await run(({ step, honest }) => (step === 2 ? breakAt(step) : honest));
    expect(record.verdict).toBe("error");
    expect(record.reason).toContain("The channel broke at step 2");
  });

  it("is a fail where a wrong answer was had before the channel broke, and tells of both", async () => {
    const record = await run(({ step, honest }) => (step === 2 ? breakAt(step) : { ...honest, result: "EBUSY" }));
    expect(record.verdict).toBe("fail");
    expect(record.differences).toMatchObject([{ step: 1, path: "result", expected: "OK", observed: "EBUSY" }]);
    expect(record.details.join(" ")).toContain("The channel broke at step 2");
  });

  it("says that a target is not to be used again before that ends, where its scenario fails, and only there", async () => {
    const heard: string[] = [];
    const told = {
      onDistrust: (why: string) => heard.push(why),
      onEnd: () => heard.push("end"),
    };
    await run(({ honest }) => honest, undefined, told);
    expect(heard).toEqual(["end"]);
    await run(({ honest }) => ({ ...honest, result: "EBUSY" }), undefined, told);
    expect(heard).toEqual(["end", 'scenario "under-test" failed on it', "end"]);
  });

  it("is an error where the run was interrupted, whatever was had before", async () => {
    const interrupt = new AbortController();
    const record = await run(({ step, honest }) => {
      if (step === 2) {
        interrupt.abort(new Error("Interrupted"));
        return breakAt(step);
      }
      return { ...honest, result: "EBUSY" };
    }, interrupt.signal);
    expect(record.verdict).toBe("error");
  });
});
