import { describe, expect, it } from "vitest";
import { modelProfile } from "../target/model-target.ts";
import { planOf } from "../testing/plan-of.ts";
import type { Cast } from "./cast.ts";
import { repair, withoutName, type Sequence } from "./sequence.ts";

const cast: Cast = {
  functions: { a: "nvme", b: "nvme", w: "witness" },
  buffers: { p: 4, q: 4 },
  kernelParameters: [],
  subjects: new Set(),
};
const sequenceOf = (steps: string): Sequence => ({
  cast,
  operations: planOf(steps).steps.map(({ operation }) => operation),
});
const namesOf = ({ operations }: Sequence): string[] => operations.map(({ op }) => op);

const whole = sequenceOf(`
  take-iommufd: { function: a }
  ioas-alloc: { ioas: A }
  attach: { function: a, to: A }
  take-iommufd: { function: b }
  attach: { function: b, to: A }
  ioas-map: { ioas: A, iova: base, buffer: p }
  detach: { function: a }`);

describe("repair", () => {
  it("leaves out what means nothing without what is missing", () => {
    const without = { ...whole, operations: whole.operations.filter(({ op }) => op !== "ioas-alloc") };
    expect(namesOf(repair(without, modelProfile, new Set()))).toEqual([
      ...["bind", "open", "bind-iommufd", "bind", "open", "bind-iommufd", "detach"],
    ]);
  });

  it("keeps what is refused: that means something", () => {
    const refused = { ...whole, operations: whole.operations.filter(({ op }) => op !== "bind-iommufd") };
    expect(namesOf(repair(refused, modelProfile, new Set()))).toContain("attach");
  });
});

describe("withoutName", () => {
  it("takes a function out, and all that names it", () => {
    const without = withoutName(whole, "b");
    expect(Object.keys(without.cast.functions)).toEqual(["a", "w"]);
    expect(JSON.stringify(without.operations)).not.toContain('"b"');
    expect(without.operations).toHaveLength(whole.operations.length - 4);
  });
});
