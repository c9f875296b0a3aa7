import { describe, expect, it } from "vitest";
import { paintPlain } from "../report/paint.ts";
import { breakDown } from "./breakdown.ts";
import { judgeFigure, unmeasured, type FigureDefinition } from "./figure.ts";
import type { SideMeasurement } from "./measurements.ts";
import { renderBreakdown } from "./render-breakdown.ts";
import { renderFigures, summariseFigures } from "./render-figures.ts";

const definition = (what: string, bar: FigureDefinition["bar"]): FigureDefinition => ({
  ...{ figure: "f", part: "thaw", what, unit: "ms", bar },
});

describe("figures", () => {
  const figures = [
    judgeFigure(definition("a thaw", { relation: "at most", limit: 1.3, of: "ratio" }), {
      ...{ value: 98.76, ratio: 0.98765, spread: { median: 98.76, p10: 90.1, p90: 1234.5, n: 25 } },
      baseline: { what: "spawn", value: 100 },
    }),
    judgeFigure(definition("memory", { relation: "at most", limit: 30, of: "value" }), {
      value: 31,
      note: "why\u001b[2J",
    }),
    judgeFigure(
      { ...definition("orphans", { relation: "at most", limit: 0, of: "value" }), unit: "count" },
      { value: 0 },
    ),
    unmeasured(definition("a kernel", { relation: "below", limit: 5, of: "value" }), "there is none"),
    judgeFigure(definition("a spawn", null), { value: 7 }),
  ];

  it("stand in a table, what was found beside what is to be reached", () => {
    expect(renderFigures(figures, paintPlain)).toEqual([
      "figure    measured    p10–p90   n  baseline of this run    ratio      bar",
      "a thaw     98.8 ms  90.1–1235  25  spawn: 100 ms         0.988 ×  ≤ 1.3 ×  met",
      "memory       31 ms                                                ≤ 30 ms  MISSED",
      "    why\\x1b[2J",
      "orphans          0                                                   none  met",
      "a kernel         –                                                 < 5 ms  not measured",
      "    there is none",
      "a spawn       7 ms",
    ]);
  });

  it("are counted", () => {
    expect(summariseFigures(figures)).toBe("2 met, 1 missed, 1 not measured");
  });

  it("show what they came to in colour, and nothing else", () => {
    const painted = renderFigures(figures, (shade, text) => (shade === "faint" ? text : `<${shade}>${text}</>`));
    expect(
      painted.filter((line) => line.includes("<")).map((line) => line.replace(/^.*(?=<)(?=.*<)/u, "")),
    ).toHaveLength(5);
    expect(painted.some((line) => line.endsWith("<bad>MISSED</>"))).toBe(true);
    expect(painted.some((line) => line.endsWith("<good>met</>"))).toBe(true);
    expect(painted.some((line) => line.endsWith("<odd>not measured</>"))).toBe(true);
  });
});

describe("a breakdown", () => {
  const side = (alone: number[], changes: Partial<SideMeasurement>): SideMeasurement => ({
    ...{ scenario: "s", bench: "emulated: Linux", alone, inTurn: [], phases: [], operations: [], ...changes },
  });
  const failed = { failed: "not here" };
  const found = (clone: SideMeasurement) =>
    breakDown({
      scenario: { found: { clone: { found: clone }, cold: failed, type1Clone: failed, debianCold: failed } },
    });

  it("puts phases in order, leaves out a wait for what is there itself, and finds what nobody timed", () => {
    const phases = { operations: 40, teardown: 10, wait: 55, spawn: 30, plug: 20 };
    const [breakdown] = found(side([110], { phases: [phases], operations: [{ bind: 12, attach: 8 }] }));
    expect(breakdown).toEqual({
      what: "s alone on a clone (emulated: Linux)",
      phases: [
        { name: "spawn", milliseconds: 30, inside: [] },
        { name: "plug", milliseconds: 20, inside: [] },
        {
          ...{ name: "operations", milliseconds: 40 },
          inside: [
            { name: "bind", milliseconds: 12 },
            { name: "attach", milliseconds: 8 },
            { name: "observing, there and back", milliseconds: 20 },
          ],
        },
        { name: "teardown", milliseconds: 10, inside: [] },
        { name: "planning, evidence", milliseconds: 10, inside: [] },
      ],
    });
  });

  it("takes what nobody timed from each sample: medians do not add up", () => {
    const phases = [
      { spawn: 10, plug: 90 },
      { spawn: 90, plug: 10 },
      { spawn: 20, plug: 20 },
    ];
    const [breakdown] = found(side([101, 102, 43], { phases, operations: [{}, {}, {}] }));
    expect(breakdown?.phases.at(-1)).toEqual({ name: "planning, evidence", milliseconds: 2, inside: [] });
  });

  it("is drawn as bars one after the other, what one consists of below it", () => {
    const lines = renderBreakdown({
      what: "s alone",
      phases: [
        { name: "spawn", milliseconds: 50, inside: [] },
        { name: "operations", milliseconds: 49.9, inside: [{ name: "bind", milliseconds: 25 }] },
        { name: "end", milliseconds: 0.1, inside: [] },
      ],
    });
    expect(lines).toEqual([
      "s alone: 100 ms",
      "  spawn          50 ms  50 %  ########################",
      "  operations     50 ms  50 %                          ########################",
      "    bind         25 ms  25 %                          ############",
      "  end           0.1 ms   0 %                                                  |",
    ]);
  });
});
