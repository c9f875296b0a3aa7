import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseScenario } from "../scenario/parse.ts";
import { parseAnswers, parseSeed } from "./seed.ts";
import { describeSeeds, sumUp } from "./seed-table.ts";

const root = new URL("../../", import.meta.url);
const readAll = <T>(folder: string, parse: (text: string, file: string) => T): readonly T[] =>
  readdirSync(new URL(folder, root))
    .filter((file) => file.endsWith(".yaml"))
    .sort()
    .map((file) => parse(readFileSync(new URL(`${folder}/${file}`, root), "utf8"), file));

const seeds = readAll("fixtures/seeds", parseSeed);
const kernels = readAll("fixtures/seeds/answers", parseAnswers);
const scenarios = new Map(readAll("fixtures/scenarios", parseScenario).map((each) => [each.name, each]));

describe.each([...seeds])("seed $seed", ({ seed, claims }) => {
  const named = claims.flatMap((claim) => ("scenarios" in claim ? claim.scenarios : []));

  it("names scenarios that there are, and that say they decide it", () => {
    expect(named.filter((name) => scenarios.get(name)?.seeds.includes(seed) !== true)).toEqual([]);
  });

  it("has an answer of every kernel to all of them", () => {
    for (const { kernel, verdicts } of kernels)
      expect({ kernel, without: named.filter((name) => verdicts[name] === undefined) }).toEqual({
        kernel,
        without: [],
      });
  });
});

it("is what docs/seeds.md holds; npm run docs writes it", () => {
  expect(readFileSync(new URL("docs/seeds.md", root), "utf8")).toBe(describeSeeds(seeds, kernels));
});

it("sums up verdicts: failures before everything, then what was known, then what could not run", () => {
  const verdicts = {
    one: "pass",
    two: "known map-error, other-entry",
    three: "skip the kernel lacks IOMMUFD",
    four: "fail",
  };
  expect(sumUp(["one"], { verdicts })).toBe("holds");
  expect(sumUp(["one", "two"], { verdicts })).toBe("but for map-error, other-entry");
  expect(sumUp(["one", "three"], { verdicts })).toBe("holds (1 of 2 run)");
  expect(sumUp(["three"], { verdicts })).toBe("not asked: the kernel lacks IOMMUFD");
  expect(sumUp(["one", "four", "five"], { verdicts })).toBe("**fail**: four, **not run**: five");
});

it("says which file and field is wrong", () => {
  expect(() => parseSeed("seed: x\n", "x.yaml")).toThrow('Cannot read "x.yaml": seed: ');
  const claim =
    "seed: '009'\nthread: A thread of some length\nbegun: 2022-10-04\nclaims: [{ claim: Something is so, by: Nobody, scenarios: [] }]";
  expect(() => parseSeed(claim, "x.yaml")).toThrow(/claims\.0/u);
});
