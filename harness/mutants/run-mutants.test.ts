import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Operation } from "../../src/operation/operation.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";
import { modelTarget } from "../../src/target/model-target.ts";
import type { Observation } from "../../src/trace/observation.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import type { Bench } from "../run/bench.ts";
import { openModelBench } from "../run/model-bench.ts";
import type { Mutant } from "./mutant.ts";
import { runMutantsByFlavour } from "./run-by-flavour.ts";
import { runMutants, type MutantProgress, type MutantRunOptions } from "./run-mutants.ts";

type Change = (operation: Operation, observation: Observation) => Observation;
type SlowChange = (
  operation: Operation,
  observation: Observation,
  signal: AbortSignal,
) => Observation | Promise<Observation>;

/** A bench on a kernel that answers as the model does, but for a change. */
function benchWith(change: SlowChange): Bench {
  return {
    ...openModelBench(),
    startsAhead: false,
    createTarget: () => ({
      profile: modelTarget.profile,
      start: async (plan, signal) => {
        const started = await modelTarget.start(plan, signal);
        return {
          profile: started.profile,
          perform: async (operation, each) => {
            const { observation, evidence } = await started.perform(operation, each);
            return { observation: await change(operation, observation, each), evidence };
          },
          [Symbol.asyncDispose]: () => Promise.resolve(),
        };
      },
    }),
  };
}

const answer =
  (op: string, result: string): Change =>
  (operation, observation) =>
    operation.op === op ? { ...observation, result } : observation;
const silent =
  (op: string): Change =>
  (operation, observation) => {
    if (operation.op === op) throw new InfrastructureError({ what: "No answer in 5 s" });
    return observation;
  };

const scenario = (name: string, tag: string, steps: string): Scenario =>
  parseScenario(
    `{ name: ${name}, summary: A scenario for a test, tags: [${tag}], functions: { a: nvme }, steps: [${steps}] }`,
    `${name}.yaml`,
  );
const bind = scenario("binds", "life", "bind: { function: a }");
const alloc = scenario("allocates", "iommufd", "ioas-alloc: { ioas: A }");
const power = scenario("powers", "life", "power: { function: a, on: false }, power: { function: a, on: true }");

const mutant = (name: string, ...tags: string[]): Mutant => {
  return { name, tags, breaks: "", because: "", seenAs: "", file: name };
};

let runFolder: string;
const heard: MutantProgress[] = [];
beforeEach(async () => {
  runFolder = await mkdtemp(join(tmpdir(), "zhil-mutants-"));
  heard.length = 0;
});
afterEach(() => rm(runFolder, { recursive: true }));

type Kernels = Readonly<Record<string, SlowChange | Error>>;

function optionsWith(kernels: Kernels, more: Partial<MutantRunOptions> = {}): MutantRunOptions {
  const open = (name: string): Promise<Bench> => {
    const kernel = kernels[name] ?? ((_, observation) => observation);
    return kernel instanceof Error ? Promise.reject(kernel) : Promise.resolve(benchWith(kernel));
  };
  return {
    mutants: Object.keys(kernels)
      .filter((name) => name !== "unpatched")
      .map((name) => mutant(name, "life")),
    scenarios: { scenarios: [alloc, bind, power], broken: [] },
    ledger: [],
    benches: { openUnpatched: () => open("unpatched"), openPatched: open },
    runFolder,
    jobs: 1,
    all: false,
    onProgress: (progress) => heard.push(progress),
    signal: new AbortController().signal,
    ...more,
  };
}

const ranOn = (name: string): string[] =>
  heard.flatMap((each) => (each.kind === "running" && each.mutant === name ? [each.scenario] : []));

describe("runMutants", () => {
  it("runs scenarios with expected tags first and stops at the first that fails", async () => {
    const { records } = await runMutants(optionsWith({ slow: answer("power", "EIO") }));
    expect(records).toMatchObject([
      { mutant: "slow", fate: "killed", asExpected: true, kills: [{ scenario: "powers", step: 1, path: "result" }] },
    ]);
    expect(ranOn("slow")).toEqual(["binds", "powers"]);
  });

  it("runs everything where all kills are wanted", async () => {
    const worse: Change = (operation, seen) => (operation.op === "look" ? seen : { ...seen, result: "panic" });
    const { records } = await runMutants(optionsWith({ bad: worse }, { all: true }));
    expect(records[0]?.kills.map((kill) => kill.scenario)).toEqual(["binds", "powers", "allocates"]);
  });

  it("says where no expected scenario killed", async () => {
    const { records } = await runMutants(optionsWith({ odd: answer("ioas-alloc", "ENOMEM") }));
    expect(records).toMatchObject([{ fate: "killed", asExpected: false }]);
  });

  it("tells survivors, kernels that do not build and kernels that do not boot apart", async () => {
    const { records } = await runMutants(
      optionsWith({
        same: (_, observation) => observation,
        torn: new InfrastructureError({ what: 'Cannot apply patch "torn": hunk 1' }),
        dead: silent("look"),
        mute: silent("bind"),
      }),
    );
    expect(records).toMatchObject([
      { mutant: "same", fate: "survived", reason: "3 scenarios see no difference" },
      { mutant: "torn", fate: "unbuilt", reason: 'Cannot apply patch "torn": hunk 1', kernel: null, evidence: null },
      { mutant: "dead", fate: "broken", reason: expect.stringContaining("No answer in 5 s") as string },
      {
        mutant: "mute",
        fate: "unclear",
        reason: expect.stringContaining("No answer from binds: No answer in 5 s") as string,
      },
    ]);
    expect(ranOn("dead")).toEqual([]);
  });

  it("lets nothing kill that fails without a mutant", async () => {
    const always = answer("power", "EIO");
    const { records, unfit } = await runMutants(optionsWith({ unpatched: always, same: always }));
    expect(unfit.map((each) => each.scenario)).toEqual(["powers"]);
    expect(records).toMatchObject([{ fate: "survived" }]);
    expect(ranOn("same")).toEqual(["binds", "allocates"]);
  });

  it("lets nothing kill that turns out to fail without a mutant now and then", async () => {
    let runs = 0;
    const unsteady: Change = (operation, seen) => {
      if (operation.op === "power" && operation.on) runs += 1;
      return runs > 2 ? answer("power", "EIO")(operation, seen) : seen;
    };
    const { records, unfit } = await runMutants(
      optionsWith({ unpatched: unsteady, first: answer("power", "EIO"), second: answer("power", "EIO") }),
    );
    expect(unfit.map((each) => each.scenario)).toEqual(["powers"]);
    expect(records).toMatchObject([
      { fate: "survived", answered: 2 },
      { fate: "survived", answered: 2 },
    ]);
  });

  it("wants a kill to be repeated in the same field", async () => {
    const onFirst = (change: Change): Change => {
      let runs = 0;
      return (operation, seen) => {
        if (operation.op === "bind") runs += 1;
        return runs === 1 ? change(operation, seen) : seen;
      };
    };
    const [first, second, third] = [0, 1, 2].map(() => onFirst(answer("bind", "EIO")));
    const elsewhere: Change = (operation, seen) =>
      operation.op === "bind" ? { ...second!(operation, seen), alarms: ["WARNING"] } : seen;
    const caught: Change = (operation, seen) => answer("power", "EIO")(operation, third!(operation, seen));
    const { records } = await runMutants(
      optionsWith({
        once: first!,
        elsewhere,
        caught,
      }),
    );
    expect(records).toMatchObject([
      { mutant: "once", fate: "unclear", reason: "binds failed once and not again (step 1, result)" },
      { mutant: "elsewhere", fate: "unclear", reason: "binds failed once and not again (step 1, result)" },
      { mutant: "caught", fate: "killed", kills: [{ scenario: "powers" }] },
    ]);
  });

  it("gives a scenario that a doubtful kill cut short another chance", async () => {
    let waited = false;
    let failed = false;
    const slow: SlowChange = async (operation, seen, signal) => {
      if (operation.op === "power" && !waited) {
        waited = true;
        await new Promise((_, reject) => {
          signal.addEventListener("abort", () => {
            reject(signal.reason as Error);
          });
        });
      }
      if (operation.op !== "bind" || failed) return seen;
      failed = true;
      return { ...seen, result: "EIO" };
    };
    const { records } = await runMutants(optionsWith({ slow }, { jobs: 2 }));
    expect(waited).toBe(true);
    expect(records).toMatchObject([{ fate: "unclear", answered: 2 }]);
  });

  it("refuses to judge by a suite that passes nothing", async () => {
    const broken: Change = (_, observation) => ({ ...observation, result: "EIO" });
    await expect(runMutants(optionsWith({ unpatched: broken, same: broken }))).rejects.toThrow(
      "Cannot try mutants: no scenario passes on the unpatched kernel",
    );
  });

  it("keeps what was decided before it was called off", async () => {
    const caller = new AbortController();
    const options = optionsWith({ first: answer("bind", "EIO"), second: answer("bind", "EIO") });
    const { records, missing, interrupted } = await runMutants({
      ...options,
      onProgress: (progress) => {
        if (progress.kind === "booting" && progress.mutant === "second") caller.abort(new Error("Ctrl-C"));
      },
      signal: caller.signal,
    });
    expect(records.map((each) => each.mutant)).toEqual(["first"]);
    expect({ missing, interrupted }).toEqual({ missing: ["second"], interrupted: true });
  });

  it("does not take a mistake of its own for a patch that does not build", async () => {
    await expect(runMutants(optionsWith({ torn: new TypeError("undefined is not") }))).rejects.toThrow(
      "undefined is not",
    );
  });
});

describe("runMutantsByFlavour", () => {
  it("tries those of a flavour on it, after the others, by scenarios with their tags", async () => {
    const opened: (string | null)[] = [];
    const { benches, ...run } = optionsWith({ first: answer("power", "EIO"), last: answer("bind", "EIO") });
    const [first, last] = run.mutants;
    if (first === undefined || last === undefined) throw new Error("No mutants");
    const mutants = [{ ...first, flavour: "kasan" }, last];
    const { records, interrupted, missing } = await runMutantsByFlavour({ ...run, mutants }, (flavour) => {
      opened.push(flavour);
      return Promise.resolve(benches);
    });
    expect(opened).toEqual([null, "kasan"]);
    expect(records.map(({ mutant, fate }) => [mutant, fate])).toEqual([
      ["last", "killed"],
      ["first", "killed"],
    ]);
    expect({ interrupted, missing }).toEqual({ interrupted: false, missing: [] });
    expect(ranOn("first")).not.toContain("allocates");
    const baselines = heard.flatMap((each) => (each.kind === "baseline" ? [each.scenarios] : []));
    expect(baselines).toEqual([3, 2]);
  });

  it("opens nothing more where it was called off, and says what was not tried", async () => {
    const off = new AbortController();
    off.abort(new Error("Ctrl-C"));
    const { benches, ...run } = optionsWith({ one: answer("power", "EIO") }, { signal: off.signal });
    let opened = 0;
    const result = await runMutantsByFlavour(run, () => {
      opened += 1;
      return Promise.resolve(benches);
    });
    expect(opened).toBe(0);
    expect(result).toMatchObject({ records: [], missing: ["one"], interrupted: true });
  });
});
