import { describe, expect, it } from "vitest";
import { orderTasks, seedLimit, type Order } from "./order.ts";

const tasks = ["short", "new", "long", "newer"].map((name) => ({ name }));
const orderOf = (order: Order, seconds: [string, number][] = []): string[] =>
  orderTasks(tasks, order, new Map(seconds)).map(({ name }) => name);
const measured: [string, number][] = [
  ["short", 0.1],
  ["long", 3],
];

describe("the longest first", () => {
  it("puts the longest first, and what was never measured before it", () => {
    expect(orderOf({ kind: "longest" }, measured)).toEqual(["new", "newer", "long", "short"]);
  });

  it("leaves the order as it is where nothing was measured", () => {
    expect(orderOf({ kind: "longest" })).toEqual(["short", "new", "long", "newer"]);
  });
});

it("leaves the order as it is where that is asked for", () => {
  expect(orderOf({ kind: "listed" }, measured)).toEqual(["short", "new", "long", "newer"]);
});

describe("a random order", () => {
  it("is the same for the same seed, whatever was measured, and has everything once", () => {
    for (const seed of [0, 1, 2, seedLimit - 1]) {
      const once = orderOf({ kind: "random", seed });
      expect(orderOf({ kind: "random", seed }, measured)).toEqual(once);
      expect([...once].sort()).toEqual(["long", "new", "newer", "short"]);
    }
  });

  it("has every order come up, none much more often than others", () => {
    const counts = new Map<string, number>();
    const seeds = 4800;
    for (let seed = 0; seed < seeds; seed++) {
      const order = orderOf({ kind: "random", seed }).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    // 200 of each are expected, give or take 14; the bounds are at five times that.
    expect(Math.min(...counts.values())).toBeGreaterThan(130);
    expect(Math.max(...counts.values())).toBeLessThan(270);
  });
});
