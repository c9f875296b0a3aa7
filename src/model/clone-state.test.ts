import { expect, it } from "vitest";
import { cloneState, isSameState } from "./clone-state.ts";

const make = (): unknown => ({ list: [{ a: 1n }], map: new Map([[1n, { page: "p" }]]), none: null, text: "x" });

it("copies all that can be changed, and shares what is frozen", () => {
  const fixed = Object.freeze({ name: "a" });
  const state = { fixed, list: [{ a: 1 }], map: new Map([["k", { b: 2 }]]) };
  const copy = cloneState(state);
  expect(copy).toEqual(state);
  expect(copy.fixed).toBe(fixed);
  copy.list[0]!.a = 5;
  copy.map.get("k")!.b = 5;
  expect(state).toEqual({ fixed, list: [{ a: 1 }], map: new Map([["k", { b: 2 }]]) });
});

it("tells states apart by whatever they hold, and by its order", () => {
  expect(isSameState(make(), make())).toBe(true);
  const others: unknown[] = [
    { ...(make() as object), text: "y" },
    { ...(make() as object), more: undefined },
    { ...(make() as object), list: [] },
    { ...(make() as object), list: [{ a: 2n }] },
    { ...(make() as object), map: new Map() },
    { ...(make() as object), map: new Map([[1n, { page: "q" }]]) },
    { ...(make() as object), none: {} },
    { text: "x", ...(make() as object) },
  ];
  for (const other of others) expect(isSameState(make(), other)).toBe(false);
  const [one, two] = [[1n, "a"] as const, [2n, "b"] as const];
  expect(isSameState(new Map([one, two]), new Map([two, one]))).toBe(false);
});
