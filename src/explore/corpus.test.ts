import { describe, expect, it } from "vitest";
import { chooseBeginning, coverGreedily, cutAfter, findNew, keptSchema, type Reached } from "./corpus.ts";
import { Random } from "./random.ts";

const at = (operation: number, ...places: readonly number[]): Reached => ({ operation, places });

describe("findNew", () => {
  it("has what is not known, by the first operation that reached it, up to an end", () => {
    const reached = [at(0, 1, 2), at(2, 2, 3), at(3, 4, 4), at(5, 6)];
    expect(findNew(reached, new Set([1, 4]))).toEqual([at(0, 2), at(2, 3), at(5, 6)]);
    expect(findNew(reached, new Set(), 3)).toEqual([at(0, 1, 2), at(2, 3)]);
    expect(findNew(reached, new Set([1, 2, 3, 4, 6]))).toEqual([]);
  });
});

describe("cutAfter", () => {
  it("ends with the last operation that reached something", () => {
    const cast = { functions: {}, buffers: {}, kernelParameters: [], subjects: new Set<never>() };
    const operations = Array.from({ length: 5 }, () => ({ op: "look" }) as const);
    expect(cutAfter({ cast, operations }, [at(2, 1), at(1, 7)]).operations).toHaveLength(3);
    expect(cutAfter({ cast, operations }, []).operations).toEqual([]);
  });
});

describe("coverGreedily", () => {
  it("has a few that reach all, each with what it adds", () => {
    const all = [
      { name: "one", reached: [at(0, 1, 2)] },
      { name: "most", reached: [at(0, 1, 2), at(7, 3)] },
      { name: "none", reached: [at(1, 2)] },
      { name: "last", reached: [at(3, 3), at(4, 9)] },
    ];
    const chosen = coverGreedily(all).map(([{ name }, adds]) => [name, adds]);
    expect(chosen).toEqual([
      ["most", [at(0, 1, 2), at(7, 3)]],
      ["last", [at(4, 9)]],
    ]);
    expect(coverGreedily([])).toEqual([]);
  });

  it("reaches all that all reach, whatever that is", () => {
    const random = new Random(1);
    for (let round = 0; round < 50; round += 1) {
      const some = (): number[] => Array.from({ length: random.int(0, 9) }, () => random.int(1, 40));
      const all = Array.from({ length: 12 }, () => ({ reached: [at(0, ...some()), at(1, ...some())] }));
      const placesIn = (reached: readonly Reached[]): number[] =>
        [...new Set(reached.flatMap(({ places }) => places))].sort((one, other) => one - other);
      const added = coverGreedily(all).flatMap(([, adds]) => adds);
      expect(placesIn(added)).toEqual(placesIn(all.flatMap(({ reached }) => reached)));
      expect(added.flatMap(({ places }) => places)).toHaveLength(placesIn(added).length);
    }
  });
});

describe("chooseBeginning", () => {
  const of = (name: string, begun: number, ...subjects: ("iommufd" | "mock")[]) => ({ name, begun, subjects });

  it("takes those first that were begun from least, of those that are about what is wanted", () => {
    const all = [of("a", 1, "iommufd"), of("b", 0, "iommufd", "mock"), of("c", 1, "iommufd"), of("d", 2, "iommufd")];
    const random = new Random(3);
    const drawn = new Set(Array.from({ length: 40 }, () => chooseBeginning(random, all, ["iommufd"])?.name));
    expect(drawn).toEqual(new Set(["a", "c"]));
    expect(chooseBeginning(random, all, ["iommufd", "mock"])?.name).toBe("b");
    expect(chooseBeginning(random, all, ["mock"])).toBeUndefined();
  });
});

describe("keptSchema", () => {
  const kept = {
    ...{ corpus: 1, kernel: `sha256:${"0".repeat(64)}`, seed: 1, sequence: 2, from: null, subjects: ["iommufd"] },
    ...{ buffers: { p: 4 }, reached: [at(0, 0x3ff_e000_1234)] },
  };
  it("takes what is kept, and places that are numbers alone", () => {
    expect(keptSchema.parse(kept)).toEqual(kept);
    for (const reached of [[], [at(0)], [at(-1, 2)], [at(0, -4)], [at(0, 1.5)], [at(0, 2 ** 60)]])
      expect(keptSchema.safeParse({ ...kept, reached }).success, JSON.stringify(reached)).toBe(false);
  });
});
