import { describe, expect, it } from "vitest";
import { makePlan } from "../plan/make-plan.ts";
import { parseScenario } from "../scenario/parse.ts";
import { modelProfile } from "../target/model-target.ts";
import { playOnModel } from "../testing/explore-model.ts";
import { apertureOf } from "../zpci/aperture.ts";
import { writeAddress, writeScenario } from "./write-scenario.ts";

const heading = { name: "explored-one", summary: "Explored: what differs from the model", tags: ["explored"] };

describe("writeScenario", () => {
  it("says what the parser understands: the same operations", async () => {
    for (let number = 0; number < 20; number += 1) {
      const sequence = await playOnModel(11, number, 50);
      const text = writeScenario(heading, sequence, modelProfile);
      const plan = makePlan(parseScenario(text, "explored-one.yaml"), modelProfile);
      expect(plan.steps.map(({ operation }) => operation)).toEqual(sequence.operations);
      expect(plan.functions.map(({ name, device }) => [name, device])).toEqual(
        Object.entries(sequence.cast.functions),
      );
    }
  });

  it("says nothing that goes without saying, each operation on a line", async () => {
    const { cast } = await playOnModel(11, 0, 1);
    const operations = [{ op: "ioas-alloc", ioas: "A", iommufd: "main" }] as const;
    const text = writeScenario(heading, { cast, operations }, modelProfile);
    expect(text).toContain("  - ioas-alloc: { ioas: A }\n");
    expect(text).not.toContain("buffers");
  });

  it("cuts a summary that is too long", async () => {
    const { cast } = await playOnModel(11, 0, 1);
    const operations = [{ op: "look" }] as const;
    const text = writeScenario({ ...heading, summary: "x".repeat(500) }, { cast, operations }, modelProfile);
    expect(parseScenario(text, "explored-one.yaml").summary).toHaveLength(200);
  });
});

describe("writeAddress", () => {
  it.each([
    [0x1_0000_0000n, "base"],
    [0x1_0000_3000n, "base+0x3000"],
    [0xffff_f000n, "base-0x1000"],
    [0x1_1fff_ffffn, "last"],
    [0x1_1fff_f000n, "last-0xfff"],
    [0x1_2000_0000n, "last+0x1"],
    [0n, "0x0"],
    [0x100_0000n, "0x1000000"],
  ])("%s", (address, text) => {
    expect(writeAddress(address, apertureOf(modelProfile))).toBe(text);
  });
});
