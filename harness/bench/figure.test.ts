import { describe, expect, it } from "vitest";
import { judgeFigure, unmeasured, type FigureDefinition } from "./figure.ts";

const definition = (bar: FigureDefinition["bar"]): FigureDefinition => ({
  ...{ figure: "f", part: "thaw", what: "a figure", unit: "ms", bar },
});

describe("a figure beside its bar", () => {
  it.each([
    ["at most", 10, "met"],
    ["at most", 10.01, "missed"],
    ["at least", 10, "met"],
    ["at least", 9.99, "missed"],
    ["below", 9.99, "met"],
    ["below", 10, "missed"],
  ] as const)("%s 10: %d is %s", (relation, value, state) => {
    expect(judgeFigure(definition({ relation, limit: 10, of: "value" }), { value })).toMatchObject({ state, value });
  });

  it("is held against its ratio where the bar is about that", () => {
    const bar = { relation: "at least", limit: 6, of: "ratio" } as const;
    expect(judgeFigure(definition(bar), { value: 1, ratio: 7 }).state).toBe("met");
    expect(judgeFigure(definition(bar), { value: 100, ratio: 5 }).state).toBe("missed");
  });

  it("is only shown where there is none", () => {
    expect(judgeFigure(definition(null), { value: 1 }).state).toBe("shown");
  });

  it.each([{ value: NaN }, { value: Infinity }])("is not measured where no number came of it: %o", (found) => {
    const figure = judgeFigure(definition({ relation: "at least", limit: 0, of: "value" }), found);
    expect(figure).toMatchObject({ state: "unmeasured", value: null, note: "no number came of it" });
  });

  it("is not measured where the ratio that the bar is about is missing", () => {
    const bar = { relation: "at most", limit: 1, of: "ratio" } as const;
    expect(judgeFigure(definition(bar), { value: 1 }).state).toBe("unmeasured");
  });

  it("says why it could not be measured", () => {
    expect(unmeasured(definition(null), "no such kernel")).toMatchObject({
      ...{ value: null, state: "unmeasured", note: "no such kernel" },
    });
  });
});
