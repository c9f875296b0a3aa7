import { expect, it } from "vitest";
import type { Pattern } from "../../src/compare/pattern.ts";
import type { ReachStep } from "../vfio-user/observed-function.ts";
import { shareOut } from "./share-out.ts";

const reachOf = (pages: readonly number[]): string[] => pages.map((page) => `0x${page}000+0x1000 rw`);
/** Pages that do not touch. */
const told = (pages: readonly number[], { emptied = false, reset = false } = {}): ReachStep => ({
  mappings: pages.map((page) => ({ iova: BigInt(page) * 0x1000n, size: 0x1000n, read: true, write: true })),
  emptied,
  reset,
});
const shows = (pages: readonly number[], { emptied = false, reset = false } = {}): Pattern => ({
  ...{ reach: reachOf(pages), emptied, reset },
});

it("gives each operation what it is to show, in order", () => {
  const expected = [shows([1]), shows([1, 3]), shows([1, 3]), shows([], { emptied: true })];
  const steps = [told([1]), told([1, 3]), told([], { emptied: true })];
  expect(shareOut(expected, [], steps)).toEqual(expected);
});

it("gives an operation what belongs to it beyond the first time that it shows what it is to show", () => {
  const emptied = { emptied: true };
  const steps = [told([], emptied), told([], emptied), told([1])];
  const expected = [shows([], emptied), shows([1])];
  expect(shareOut(expected, reachOf([1]), steps)).toEqual(expected);
});

it("leaves open what is open, and asks what follows", () => {
  const anything: Pattern = { $any: true };
  const steps = [told([], { emptied: true }), told([1])];
  const views = shareOut([{ reach: anything, emptied: anything, reset: false }, shows([1])], reachOf([2]), steps);
  expect(views.map(({ emptied }) => emptied)).toEqual([true, false]);
});

it("has the first operation that nothing explains show what is left", () => {
  const steps = [told([1]), told([1, 3]), told([1, 3, 5])];
  const views = shareOut([shows([1]), shows([1]), shows([1, 5])], [], steps);
  expect(views.map(({ reach }) => reach)).toEqual([reachOf([1]), reachOf([1]), reachOf([1, 3, 5])]);
  const unflushed = shareOut([shows([1]), shows([]), shows([3])], [], [told([1]), told([1, 3])]);
  expect(unflushed.map(({ reach }) => reach)).toEqual([reachOf([1]), reachOf([1, 3]), reachOf([1, 3])]);
});

it("has the last operation show what nobody was to be told", () => {
  const steps = [told([1]), told([1], { reset: true })];
  expect(shareOut([shows([1]), shows([1])], [], steps)).toEqual([shows([1]), shows([1], { reset: true })]);
});
