import { describe, expect, it } from "vitest";
import { makeChance, simulate, type Simulated } from "../testing/simulate-bisect.ts";
import { weigh } from "./belief.ts";
import { makeHistory, type Commit, type History } from "./history.ts";

const lineOf = (size: number): History =>
  makeHistory(Array.from({ length: size }, (_, index) => ({ id: `c${index}`, parents: [`c${index - 1}`] })));

/** Branches and merges by chance; the last commit has all of them among its ancestors. */
function tangleOf(size: number, seed: number): History {
  const chance = makeChance(seed);
  const commits: Commit[] = [];
  let heads: string[] = ["base"];
  for (let index = 0; index < size; index++) {
    const id = `c${index}`;
    const isLast = index === size - 1;
    const merges = isLast || (heads.length > 1 && chance() < 0.3);
    const parents = isLast ? heads : merges ? heads.slice(0, 2) : [heads[Math.floor(chance() * heads.length)] ?? ""];
    const forks = !merges && heads.length < 4 && chance() < 0.3;
    commits.push({ id, parents });
    heads = [...heads.filter((head) => forks || !parents.includes(head)), id];
  }
  return makeHistory(commits);
}

const found = ({ end }: Simulated): readonly number[] => (end.kind === "answer" ? end.commits : []);
const confidenceOf = ({ end }: Simulated): number => (end.kind === "answer" ? end.confidence : 0);
const everyFourth = Array.from({ length: 16 }, (_, index) => index * 4 + 1);
const line = lineOf(64);

describe("a steady failure", () => {
  it("is found wherever it came, with the kernels that git bisect would build and one for the end", () => {
    for (let culprit = 0; culprit < 64; culprit += 3) {
      const simulated = simulate({ history: line, culprit });
      expect(found(simulated)).toEqual([culprit]);
      expect(simulated.built.length).toBeLessThanOrEqual(9);
      expect(simulated.runs - simulated.built.length).toBeLessThanOrEqual(20);
    }
  });

  it("is found where it went", () => {
    for (const culprit of everyFourth) {
      expect(found(simulate({ history: line, culprit, find: "fix" }))).toEqual([culprit]);
    }
  });

  it.each([1, 2, 3, 4, 5])("is found among branches and merges (%i)", (seed) => {
    const history = tangleOf(50, seed);
    for (let culprit = 0; culprit < 50; culprit += 7) {
      for (const find of ["bad", "fix"] as const) {
        const simulated = simulate({ history, culprit, find, seed });
        expect(found(simulated)).toEqual([culprit]);
        expect(simulated.built.length).toBeLessThanOrEqual(14);
      }
    }
  });

  it("is found in a range of one and of two", () => {
    expect(found(simulate({ history: lineOf(1), culprit: 0 }))).toEqual([0]);
    expect(found(simulate({ history: lineOf(2), culprit: 1 }))).toEqual([1]);
  });
});

describe("a failure that shows now and then", () => {
  it.each([
    [0.6, 40],
    [0.3, 40],
  ])("in %d of runs is found as surely as is said", (rate, searches) => {
    const chance = makeChance(rate * 100);
    const simulated = Array.from({ length: searches }, (_, seed) => {
      const culprit = Math.floor(chance() * 64);
      const each = simulate({ history: line, culprit, rate, seed: seed + 1000 });
      return { right: found(each).length === 1 && found(each)[0] === culprit, each };
    });
    for (const { each } of simulated) expect(confidenceOf(each)).toBeGreaterThanOrEqual(0.95);
    // 38 are expected to be right; fewer than 34 would be one chance in a hundred.
    expect(simulated.filter(({ right }) => right).length).toBeGreaterThanOrEqual(34);
  });

  it("takes more runs for more confidence", () => {
    const runsFor = (confidence: number): number =>
      everyFourth
        .map((culprit) => simulate({ history: line, culprit, rate: 0.3, confidence, seed: culprit }))
        .reduce((sum, { runs }) => sum + runs, 0);
    expect(runsFor(0.99)).toBeGreaterThan(runsFor(0.7));
  });

  it("is given up where it does not show at all", () => {
    expect(simulate({ history: line, culprit: 10, rate: 0 }).end).toEqual({ kind: "unseen", node: 63 });
  });
});

describe("commits that cannot be tested", () => {
  it("are gone around", () => {
    for (const culprit of everyFourth) {
      // Its parent and it can be.
      const untestable = (node: number): boolean =>
        node % 3 === 0 && node !== culprit && node !== culprit - 1 && node < 63;
      expect(found(simulate({ history: line, culprit, untestable }))).toEqual([culprit]);
    }
  });

  it("leave several where they lie before it", () => {
    const untestable = (node: number): boolean => node >= 20 && node < 24;
    const simulated = simulate({ history: line, culprit: 22, untestable });
    expect([...found(simulated)].sort()).toEqual([20, 21, 22, 23, 24]);
    expect(confidenceOf(simulated)).toBeGreaterThanOrEqual(0.95);
  });

  it("are not tried one after the other where there are many in a row", () => {
    const untestable = (node: number): boolean => node >= 20 && node < 44;
    for (const culprit of [5, 15, 50, 60]) {
      const simulated = simulate({ history: line, culprit, untestable });
      expect(found(simulated)).toEqual([culprit]);
      expect(simulated.skipped.length).toBeLessThanOrEqual(5);
    }
  });

  it("give no answer where they are the end that fails", () => {
    expect(simulate({ history: line, culprit: 5, untestable: (node) => node === 63 }).end).toEqual({
      kind: "unseen",
      node: 63,
    });
  });
});

describe("kernels that are the same", () => {
  it("are run as one, and what lies between them is not suspected", () => {
    // Three of four commits do not touch the kernel.
    const imageOf = (node: number): number => (node === line.base ? -1 : Math.floor(node / 4));
    for (const culprit of [4, 20, 40, 60]) {
      const simulated = simulate({ history: line, culprit, imageOf });
      expect(found(simulated)).toEqual([culprit]);
    }
  });

  it("take the suspicion off what lies between them", () => {
    const belief = weigh(
      { history: line, find: "bad" },
      { tallies: new Map(), alike: [[10, 20]], untestable: new Set() },
    );
    const suspected = [...belief.probabilities.keys()].filter((index) => (belief.probabilities[index] ?? 0) > 1e-6);
    expect(suspected).toEqual([...Array(66).keys()].filter((index) => index <= 10 || index > 20));
  });
});

describe("ends that are not what was said", () => {
  it("is noticed where the beginning fails already", () => {
    const { end } = simulate({ history: line, culprit: -1 });
    expect(end).toMatchObject({ kind: "answer", commits: [], before: true });
  });

  it("is noticed where nothing was fixed", () => {
    const { end } = simulate({ history: line, culprit: 64, find: "fix" });
    expect(end).toMatchObject({ kind: "answer", commits: [], never: true });
  });
});

it("says how much time is left, and is not far off", () => {
  const { estimates } = simulate({ history: line, culprit: 20 });
  const [first = 0] = estimates;
  // Six more kernels of 33 s each are to come, and some runs.
  expect(first).toBeGreaterThan(100);
  expect(first).toBeLessThan(400);
  expect(estimates.at(-1)).toBeLessThan(60);
});
