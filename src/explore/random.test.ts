import { expect, it } from "vitest";
import { Random, seedOfSequence } from "./random.ts";

const drawn = (seed: number): number[] => {
  const random = new Random(seed);
  return Array.from({ length: 50 }, () => random.int(1, 6));
};

it("gives the same numbers for the same seed, and others for another", () => {
  expect(drawn(7)).toEqual(drawn(7));
  expect(drawn(7)).not.toEqual(drawn(8));
  expect(new Set(drawn(7))).toEqual(new Set([1, 2, 3, 4, 5, 6]));
});

it("draws by weight, and nothing of nothing", () => {
  const random = new Random(1);
  const list = [
    { weight: 0, value: "never" },
    { weight: 9, value: "often" },
    { weight: 1, value: "seldom" },
  ];
  const values = Array.from({ length: 1000 }, () => random.weigh(list));
  expect(values).not.toContain("never");
  const often = values.filter((each) => each === "often").length;
  expect(often).toBeGreaterThan(850);
  expect(often).toBeLessThan(950);
  expect(random.weigh([])).toBeUndefined();
  expect(random.pick<number>([])).toBeUndefined();
});

it("has a seed of its own for each sequence", () => {
  const seeds = [1, 2, 3].flatMap((seed) =>
    Array.from({ length: 1000 }, (_, number) => seedOfSequence(seed, number)),
  );
  expect(new Set(seeds).size).toBe(seeds.length);
  expect(Math.min(...seeds)).toBeGreaterThanOrEqual(0);
});
