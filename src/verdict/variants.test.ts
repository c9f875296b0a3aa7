/** Scenarios on the devices that an NVMe of theirs may be as well: the same verdict is expected there. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { exampleOf, type Pattern } from "../compare/pattern.ts";
import { predict } from "../model/model.ts";
import { quirkNames } from "../model/quirks.ts";
import { makePlan } from "../plan/make-plan.ts";
import { exchangeTargets } from "../scenario/exchangeable.ts";
import { parseScenario } from "../scenario/parse.ts";
import { putOnDevice } from "../scenario/put-on-device.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { variantsOf } from "../scenario/variants.ts";
import { modelProfile } from "../target/model-target.ts";
import { quirksThatChange } from "../testing/quirks-that-change.ts";
import type { Observation } from "../trace/observation.ts";
import type { Profile } from "../trace/profile.ts";
import { judge, type Judgement } from "./judge.ts";
import { divergenceSchema, quirksOf } from "./ledger.ts";

const read = (folder: string): readonly string[] => {
  const url = new URL(`../../fixtures/${folder}/`, import.meta.url);
  return readdirSync(url).map((file) => readFileSync(new URL(file, url), "utf8"));
};
const scenarios = read("scenarios").map((text) => parseScenario(text, "scenario.yaml"));
const ledger = read("divergences").map((text) => divergenceSchema.parse(parse(text)));
const machine: Omit<Profile, "functions"> = {
  ...modelProfile,
  bench: "emulated",
  kernel: { ...modelProfile.kernel, version: "7.2.13" },
  qemu: { version: "11.1.3", digest: "none" },
};

/** The verdict on a machine that does everything the ledger says it does. */
function verdictOf(scenario: Scenario): Judgement["verdict"] {
  const plan = makePlan(scenario, machine);
  const steps = predict(plan, quirksOf(ledger, plan.profile)).map(({ expectation }, index) => ({
    step: index + 1,
    operation: plan.steps[index]!.operation,
    observation: exampleOf(expectation as unknown as Pattern) as unknown as Observation,
    evidence: { micros: 0, log: [], raw: null },
  }));
  return judge(plan, { steps }, ledger).verdict;
}

const exchanged = scenarios.flatMap((scenario) =>
  variantsOf(scenario).map((variant): [string, Scenario, Scenario] => [variant.name, scenario, variant]),
);

describe.each(exchanged)("%s", (_, scenario, variant) => {
  it("has the same verdict, and can be judged whatever quirks a machine has", () => {
    expect(verdictOf(variant)).toBe(verdictOf(scenario));
    const plan = makePlan(variant, modelProfile);
    quirksThatChange(plan);
    expect(predict(plan, new Set(quirkNames))).toHaveLength(plan.steps.length);
  });

  it("is about DMA of what is exchanged", () => {
    expect(scenario.steps.some(({ op }) => op === "dma-write" || op === "dma-read")).toBe(true);
    const exchanged = variant.functions["a"] === "nvme" ? "witness" : "nvme";
    expect(Object.values(scenario.functions)).toContain(exchanged);
    expect(Object.values(variant.functions)).not.toContain(exchanged);
  });
});

describe.each(exchangeTargets)("the project's scenarios on %s", (device) => {
  const able = scenarios
    .flatMap((each) => putOnDevice(each, device) ?? [])
    .filter(({ onDevice }) => onDevice?.lacks.length === 0);

  it("are many, and can be judged whatever quirks a machine has", () => {
    expect(able.length).toBeGreaterThan(70);
    for (const each of able) {
      const plan = makePlan(each, modelProfile);
      // Each quirk alone is too much for so many, of which most are as they are written to any of them.
      for (const quirks of [[], quirkNames])
        expect(predict(plan, new Set(quirks)), each.name).toHaveLength(plan.steps.length);
    }
  });
});

it("has an NVMe's enabling come down to bus mastering, with its queues where they were", () => {
  const scenario = parseScenario(
    [
      ...["name: sample", "summary: What is exchanged", "tags: [dma]", "functions: { a: nvme, r: virtio-rng }"],
      ...["also: [witness]", "steps:", "  - ioas-alloc: { ioas: A }", "  - start-nvme: { function: a, ioas: A }"],
    ].join("\n"),
    "sample.yaml",
  );
  const [variant] = variantsOf(scenario);
  expect(variant).toMatchObject({
    ...{ name: "sample@witness", tags: ["dma", "device-end"], functions: { a: "witness", r: "virtio-rng" } },
    steps: [
      { op: "ioas-alloc" },
      { op: "ioas-map", fields: { buffer: "a.queues" } },
      { op: "bus-master", fields: { function: "a", on: true } },
    ],
  });
  expect(variantsOf(variant!)).toEqual([]);
});

it("has a witness's bus mastering enable an NVMe, its queues mapped where the function is, and again where they were", () => {
  const scenario = parseScenario(
    [
      ...[
        "name: sample",
        "summary: What is exchanged",
        "tags: [dma]",
        "functions: { a: witness, b: witness }",
        "also: [nvme]",
      ],
      ...["steps:", "  - take-type1: { function: b, container: C }", "  - bus-master: { function: b }"],
      ...["  - ioas-alloc: { ioas: A }", "  - hwpt-alloc: { hwpt: H, function: a, ioas: A }"],
      ...["  - attach: { function: a, to: H }", "  - bus-master: { function: a }", "  - bus-master: { function: a }"],
    ].join("\n"),
    "sample.yaml",
  );
  const [variant] = variantsOf(scenario);
  expect(variant).toMatchObject({ name: "sample@nvme", tags: ["dma"], functions: { a: "nvme", b: "nvme" } });
  const steps = variant!.steps.map(({ op, fields }) => [
    op,
    fields["function"] ?? fields["ioas"] ?? fields["container"],
    fields["iova"],
  ]);
  expect(steps.slice(0, 2)).toEqual([
    ["reset-method", "a", undefined],
    ["reset-method", "b", undefined],
  ]);
  expect(steps.slice(-10)).toEqual([
    ["container-map", "C", "base+0x4000"],
    ["nvme-enable", "b", "base+0x4000"],
    ["ioas-alloc", "A", undefined],
    ["hwpt-alloc", "a", undefined],
    ["attach", "a", undefined],
    ["ioas-map", "A", "base+0x0"],
    ["nvme-enable", "a", "base+0x0"],
    ["ioas-unmap", "A", "base+0x0"],
    ["ioas-map", "A", "base+0x0"],
    ["nvme-enable", "a", "base+0x0"],
  ]);
});
