import { describe, expect, it } from "vitest";
import { rateOf } from "./render-explore.ts";
import { meetsBars, ratioOf, renderExploreFigures, shareOf, type TriedMutant } from "./explore-benchmark.ts";

const tried = (more: Partial<TriedMutant>): TriedMutant => ({
  ...{ mutant: "one", found: true, seconds: 1, what: "detach: result", shrunk: 6, known: 6 },
  ...more,
});
const missed = tried({ found: false, what: null, shrunk: null, known: null });
const unbuilt = tried({ found: false, what: "The patch does not apply", shrunk: null, known: null });

describe("the figures of exploring", () => {
  it("count what could be tried", () => {
    expect(shareOf([tried({}), missed, unbuilt])).toBe(50);
    expect(shareOf([unbuilt])).toBeNull();
  });

  it("count the operations of a core, whatever its clones wait for", () => {
    expect(rateOf({ operations: 800, busy: 8, jobs: 4 }, 2)).toBe(200);
    expect(rateOf({ operations: 800, busy: 4, jobs: 1 }, 2)).toBe(200);
    expect(rateOf({ operations: 0, busy: 0, jobs: 4 }, 2)).toBe(0);
  });

  it("compare with the shortest known, in the median", () => {
    const some = [tried({ shrunk: 6 }), tried({ shrunk: 12 }), tried({ shrunk: 9 }), tried({ known: null }), missed];
    expect(ratioOf(some)).toBe(1.5);
    expect(ratioOf([tried({ shrunk: 6 }), tried({ shrunk: 12 })])).toBe(1.5);
    expect(ratioOf([missed])).toBeNull();
  });

  it.each([
    [{ rate: 200, mutants: [tried({})] }, true],
    [{ rate: 199, mutants: [tried({})] }, false],
    [{ rate: 300, mutants: [tried({}), missed] }, false],
    [{ rate: 300, mutants: [tried({ shrunk: 10 })] }, false],
    [{ rate: 300, mutants: [] }, false],
  ])("miss a bar, or none: %j", (figures, met) => {
    expect(meetsBars(figures)).toBe(met);
    expect(renderExploreFigures(figures).some((line) => line.endsWith("MISSED"))).toBe(!met);
  });
});
