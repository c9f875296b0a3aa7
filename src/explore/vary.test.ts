import { describe, expect, it } from "vitest";
import type { PlannedStep } from "../plan/plan.ts";
import type { Operation } from "../operation/operation.ts";
import { Random } from "./random.ts";
import { Variation } from "./vary.ts";

const named = (name: string): Operation => ({ op: "ioas-alloc", ioas: name, iommufd: "main" });
const kept = Array.from({ length: 40 }, (_, index) => named(`k${String(index)}`));
const nameIn = ({ operation }: PlannedStep): string => (operation as { readonly ioas: string }).ioas;

/** Names of what a variation says until it has said so many. */
function say(seed: number, count: number, takes: (name: string) => boolean = (): boolean => true): readonly string[] {
  let made = 0;
  const variation = new Variation(new Random(seed), kept, {
    next: () => ({ operation: named(`new${String(made++)}`), note: null }),
    take: (operation) => {
      const planned = { operation, note: null };
      return takes(nameIn(planned)) ? planned : null;
    },
  });
  return Array.from({ length: count }, () => variation.next()).flatMap((each) => (each === null ? [] : nameIn(each)));
}

describe("Variation", () => {
  it("says what was kept in its order, with a change here and there, up to somewhere, and what is new from there", () => {
    const runs = Array.from({ length: 200 }, (_, seed) => say(seed, 60));
    for (const names of runs) {
      expect(names).toHaveLength(60);
      const old = names.filter((name) => name.startsWith("k")).map((name) => Number(name.slice(1)));
      expect(old).toEqual([...old].sort((one, other) => one - other));
      const last = names.findLastIndex((name) => name.startsWith("k"));
      expect(names.slice(last + 1).every((name) => name.startsWith("new"))).toBe(true);
    }
    const lasts = runs.map((names) => names.findLast((name) => name.startsWith("k")));
    expect(lasts.filter((name) => name === "k39").length).toBeGreaterThan(70);
    expect(new Set(lasts).size).toBeGreaterThan(15);
    const changed = runs.filter((names) => {
      const before = names.slice(
        0,
        names.findLastIndex((name) => name.startsWith("k")),
      );
      return before.some((name) => name.startsWith("new"));
    });
    expect(changed.length).toBeGreaterThan(50);
  });

  it("leaves out what means nothing any more", () => {
    const odd = (name: string): boolean => Number(name.slice(1)) % 2 === 1;
    const names = say(2, 60, odd).filter((name) => name.startsWith("k"));
    expect(names.length).toBeGreaterThan(3);
    expect(names.every(odd)).toBe(true);
  });

  it("says the same for the same seed", () => {
    expect(say(7, 60)).toEqual(say(7, 60));
  });
});
