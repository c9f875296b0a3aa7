/** How often an unmap is flushed where its pages are used elsewhere, too. */
import { expect, it } from "vitest";
import { planOf } from "../testing/plan-of.ts";
import { predict } from "./model.ts";

/** Flushes of function `a` at the last of some steps that follow the map of four pages. */
function flushesOf(...steps: readonly string[]): unknown {
  const plan = planOf(`
    take-iommufd: { function: a }
    ioas-alloc: { ioas: A }
    ioas-alloc: { ioas: B }
    attach: { function: a, to: A }
    ioas-map: { ioas: A, iova: base+0x10000, buffer: p }
    ${steps.join("\n    ")}
    ioas-unmap: { ioas: A, iova: base+0x10000, length: "0x4000" }`);
  const { functions } = predict(plan).at(-1)?.expectation ?? {};
  const { a } = functions as Readonly<Record<string, { readonly counters: { readonly syncRpcits: unknown } }>>;
  return a?.counters.syncRpcits;
}

const copy = (page: number, to = "A"): string =>
  `ioas-copy: { from: A, to: ${to}, source: base+0x1${String(page)}000, iova: base+0x2${String(page)}000, length: "0x1000" }`;

it("is once, unless some of the pages are used by copies and others are not", () => {
  expect(flushesOf()).toBe(1);
  // Nobody uses a copy that no HWPT has.
  expect(flushesOf(copy(1, "B"))).toBe(1);
});

// drivers/iommu/iommufd/pages.c, __iopt_area_unfill_domain: run by run, and what is left at the end.
it.each([
  [[0], 1],
  [[1], { $range: [1, 2] }],
  [[3], { $range: [1, 2] }],
  [[0, 2], { $range: [1, 2] }],
  [[1, 3], { $range: [1, 3] }],
])("is once or more where pages %j have copies", (pages, flushes) => {
  expect(flushesOf(...pages.map((page) => copy(page)))).toEqual(flushes);
});
