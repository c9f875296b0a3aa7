/** Every scenario of the project, through the whole arrow on the model. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { predict } from "../model/model.ts";
import { quirkNames } from "../model/quirks.ts";
import { operationNames } from "../operation/operation.ts";
import { makePlan } from "../plan/make-plan.ts";
import { parseScenario } from "../scenario/parse.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { modelProfile, modelTarget } from "../target/model-target.ts";
import { guestProfile } from "../testing/host-profile.ts";
import { oldProfile } from "../testing/old-profile.ts";
import { quirksThatChange } from "../testing/quirks-that-change.ts";
import { judge } from "./judge.ts";

const folder = new URL("../../fixtures/scenarios/", import.meta.url);
const files = readdirSync(folder).sort();
const textOf = (file: string): string => readFileSync(new URL(file, folder), "utf8");
const scenarios = new Map(files.map((file): [string, Scenario] => [file, parseScenario(textOf(file), file)]));

/** What scenarios may be about: a tag that is not among these is one that nobody will ask for. */
const vocabulary = new Set(
  `lifecycle iommufd type1 attach replace detach reset hot-reset map unmap copy hwpt destroy dma interrupt error-event
  shared-domain aperture counters access device-end race answer mock fault`.split(/\s+/u),
);

const verdictOf = async (scenario: Scenario): Promise<string> => {
  const plan = makePlan(scenario, modelProfile);
  const { signal } = new AbortController();
  await using target = await modelTarget.start(plan, signal);
  const steps = [];
  for (const [index, { operation }] of plan.steps.entries()) {
    steps.push({ step: index + 1, operation, ...(await target.perform(operation, signal)) });
  }
  return judge(plan, { steps }, []).verdict;
};

describe.each(files)("%s", (file) => {
  const scenario = scenarios.get(file)!;

  it("passes on the model, and can be judged whatever quirks a machine has", async () => {
    expect(await verdictOf(scenario)).toBe("pass");
    const plan = makePlan(scenario, modelProfile);
    quirksThatChange(plan);
    expect(predict(plan, new Set(quirkNames))).toHaveLength(plan.steps.length);
  });

  it("has its file's name, known tags, a capital and no stop, and the schema for editors", () => {
    expect(`${scenario.name}.yaml`).toBe(file);
    expect(scenario.tags.filter((tag) => !vocabulary.has(tag))).toEqual([]);
    expect(scenario.summary).toMatch(/^[A-Z].*[^.]$/u);
    expect(textOf(file).split("\n", 1)[0]).toBe("# yaml-language-server: $schema=../scenario.schema.json");
  });

  it("uses every function and buffer it declares", () => {
    const used = new Set(
      scenario.steps.flatMap(({ fields }) =>
        ["function", "buffer", "groups"].flatMap((field) => fields[field] ?? []),
      ),
    );
    const declared = [...Object.keys(scenario.functions), ...Object.keys(scenario.buffers)];
    expect(declared.filter((name) => !used.has(name))).toEqual([]);
  });
});

describe("all scenarios together", () => {
  it("leave no operation out", () => {
    const used = new Set([...scenarios.values()].flatMap(({ steps }) => steps.map(({ op }) => op)));
    expect(operationNames.filter((name) => !used.has(name))).toEqual([]);
  });

  it("show every quirk, so that none can go away unnoticed", () => {
    const shown = new Set([...scenarios.values()].flatMap((one) => quirksThatChange(makePlan(one, modelProfile))));
    // What only guests have, few scenarios show as well as many.
    for (const file of ["access-unmapped", "entries-run-short", "entries-after-detach"]) {
      const guests = scenarios.get(`${file}.yaml`);
      if (guests !== undefined) for (const name of quirksThatChange(makePlan(guests, guestProfile))) shown.add(name);
    }
    // So with what only the 6.1 line has.
    for (const file of [
      "type1-aperture",
      "type1-read-only",
      "race-type1-shared-map-oldest-in-error",
      "answer-type1-unmap-refused",
    ]) {
      const old = scenarios.get(`${file}.yaml`);
      if (old !== undefined) for (const name of quirksThatChange(makePlan(old, oldProfile))) shown.add(name);
    }
    expect(quirkNames.filter((name) => !shown.has(name))).toEqual([]);
  });

  it("take little time on the model: no more than three times what reading their files takes", async () => {
    // Processor time, and not so much of it but how it compares: machines differ, and others use them as well.
    let reading = 0;
    let running = 0;
    // Some of them, for all have run above: a tenth says how the two compare.
    for (const file of files.filter((_, index) => index % 10 === 0)) {
      const begin = process.cpuUsage();
      const scenario = parseScenario(textOf(file), file);
      const read = process.cpuUsage(begin);
      expect(await verdictOf(scenario), file).toBe("pass");
      const both = process.cpuUsage(begin);
      reading += read.user + read.system;
      running += both.user + both.system - read.user - read.system;
    }
    expect(running / reading).toBeLessThan(3);
  });
});
