import { expect, it } from "vitest";
import { carriedOutBy } from "./carried-out.ts";
import { findLeadUp, type LeadingStep } from "./lead-up.ts";

/** Steps such as `dma-write a`, with what is not as it should be: `fail`, or an errno. */
const stepsOf = (...lines: readonly string[]): readonly LeadingStep[] =>
  lines.map((line) => {
    const [op = "", fn, odd = ""] = line.split(" ");
    const verdict = odd === "fail" ? "fail" : "pass";
    return { operation: { op, function: fn }, verdict, result: odd === "" || odd === "fail" ? "OK" : odd };
  });

it.each([
  ["DMA of the function that was as expected", ["dma-read a", "ioas-unmap", "dma-write a fail"], [0, 1, 2]],
  ["not another function's", ["attach a", "dma-read b", "ioas-unmap", "dma-write a fail"], [0, 1, 2, 3]],
  ["the same operation", ["bind a", "reset a", "attach a", "reset a fail"], [1, 2, 3]],
  ["not one that was refused", ["destroy x", "respond q EINVAL", "respond q fail"], [0, 1, 2]],
  ["a few steps where there is none", ["a", "b", "c", "d", "e", "f", "g", "h fail"], [2, 3, 4, 5, 6, 7]],
  ["nothing where nothing failed", [], []],
])("goes back to %s", (_, lines, found) => {
  expect(findLeadUp(stepsOf(...lines), lines.length - 1)).toEqual(found);
});

it("names files and functions that a rule stands on, and those below them", () => {
  const ground = "drivers/vfio/group.c, vfio_group_fops_open: -EBUSY while open; vfio_main.c, vfio_free: later";
  expect(carriedOutBy("group-open", ground)).toBe(
    "drivers/vfio/group.c, vfio_group_fops_open; vfio_main.c, vfio_free",
  );
  expect(carriedOutBy("ioas-unmap", "a document")).toContain("s390_iommu_unmap_pages");
  expect(carriedOutBy("dma-write", "NVM Express NVM command set, Read")).toBe("");
});
