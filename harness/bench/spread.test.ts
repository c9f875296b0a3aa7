import { expect, it } from "vitest";
import { medianOf, spreadOf } from "./spread.ts";

it("gives median and tenths, between samples where they fall there, whatever the order", () => {
  expect(spreadOf([4, 1, 3, 2])).toEqual({ median: 2.5, p10: 1.3, p90: 3.7, n: 4 });
  expect(spreadOf([10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0])).toEqual({ median: 5, p10: 1, p90: 9, n: 11 });
  expect(spreadOf([7])).toEqual({ median: 7, p10: 7, p90: 7, n: 1 });
});

it("leaves the samples as they are", () => {
  const samples = [3, 1, 2];
  spreadOf(samples);
  expect(samples).toEqual([3, 1, 2]);
});

it("makes no number out of nothing", () => {
  expect(() => spreadOf([])).toThrow(RangeError);
  expect(medianOf([])).toBeNaN();
});
