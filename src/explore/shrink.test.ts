import { beforeAll, describe, expect, it } from "vitest";
import { modelProfile } from "../target/model-target.ts";
import type { Operation } from "../operation/operation.ts";
import { playOnModel } from "../testing/explore-model.ts";
import { repair, type Sequence } from "./sequence.ts";
import { shrink, type ShrinkOptions } from "./shrink.ts";

/** Up to the first operation by which something has been mapped, and a function attached, in whatever order. */
function upToBoth({ cast, operations }: Sequence): Sequence | null {
  const seen = new Set<string>();
  const end = operations.findIndex(({ op }) => {
    seen.add(op);
    return seen.has("ioas-map") && seen.has("detach");
  });
  return end < 0 ? null : { cast, operations: operations.slice(0, end + 1) };
}

async function searchLong(): Promise<Sequence> {
  for (let number = 0; number < 50; number += 1) {
    const found = upToBoth(await playOnModel(5, number, 150, ["iommufd", "resets"]));
    if (found !== null && found.operations.length > 30) return found;
  }
  throw new Error("No sequence is long enough");
}

let found: Sequence;
beforeAll(async () => {
  found = await searchLong();
}, 240_000);

const options = (asked: number[], more: Partial<ShrinkOptions> = {}): ShrinkOptions => ({
  repair: (sequence) => repair(sequence, modelProfile, new Set()),
  test: (sequences) => {
    asked.push(sequences.length);
    return Promise.resolve(sequences.map(upToBoth));
  },
  atOnce: 2,
  isOver: () => false,
  ...more,
});

const names = ({ operations }: Sequence): string[] => operations.map(({ op }) => op);

describe("shrink", () => {
  it("comes to the shortest sequence that means something", async () => {
    const asked: number[] = [];
    const shrunk = await shrink(found, options(asked));
    // To detach takes a function that is bound to an iommufd or an answer that it is none, to map takes an IOAS.
    expect(
      names(shrunk)
        .filter((name) => !["bind", "open", "bind-iommufd"].includes(name))
        .sort(),
    ).toEqual(["detach", "ioas-alloc", "ioas-map"].sort());
    expect(Object.keys(shrunk.cast.functions)).toHaveLength(1);
    expect(Math.max(...asked)).toBe(2);
    expect(asked.reduce((sum, each) => sum + each, 0)).toBeLessThan(150);
  });

  it("says no more of an operation than it takes", async () => {
    const map = (await shrink(found, options([]))).operations.find(({ op }) => op === "ioas-map");
    expect(map).toMatchObject({ page: 0, skew: 0, read: true, write: true } satisfies Partial<Operation>);
    expect(map).not.toHaveProperty("pages");
  });

  it("leaves off when the time is over, with what it has", async () => {
    let left = 3;
    const shrunk = await shrink(found, options([], { isOver: () => (left -= 1) < 0 }));
    expect(shrunk.operations.length).toBeLessThanOrEqual(found.operations.length);
    expect(upToBoth(shrunk)).not.toBeNull();
  });

  it("keeps what nothing can be left out of", async () => {
    const same = await shrink(
      found,
      options([], { test: (sequences) => Promise.resolve(sequences.map(() => null)) }),
    );
    expect(same).toBe(found);
  });
});
