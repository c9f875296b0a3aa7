import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { predict, type Step } from "../model/model.ts";
import { quirkNames } from "../model/quirks.ts";
import { makePlan } from "../plan/make-plan.ts";
import { parseScenario } from "../scenario/parse.ts";
import { variantsOf } from "../scenario/variants.ts";
import { modelProfile } from "../target/model-target.ts";
import { guestProfile } from "../testing/host-profile.ts";
import { oldProfile } from "../testing/old-profile.ts";
import { divergenceSchema, quirksOf, type Divergence } from "./ledger.ts";

const folder = new URL("../../fixtures/", import.meta.url);
const entries = readdirSync(new URL("divergences/", folder)).map((file): Divergence =>
  divergenceSchema.parse(parse(readFileSync(new URL(`divergences/${file}`, folder), "utf8"))),
);
const profile = { ...modelProfile, bench: "emulated", functions: [] } as const;

describe("the ledger", () => {
  it("has an entry for every quirk, and none without one", () => {
    expect(entries.map((each) => each.name).sort()).toEqual([...quirkNames].sort());
  });

  it.each(entries.flatMap(({ name, evidence }) => evidence.map((scenario) => [name, scenario] as const)))(
    "%s changes what is predicted of its evidence, %s",
    (name, scenario) => {
      const [written = "", device] = scenario.split("@");
      const file = `${written}.yaml`;
      const entry = entries.find((each) => each.name === name);
      const own = entry?.kernel.before === undefined ? profile : { ...oldProfile, bench: "emulated" as const };
      const bench = entry?.benches.includes("emulated") === true ? own : guestProfile;
      const read = parseScenario(readFileSync(new URL(`scenarios/${file}`, folder), "utf8"), file);
      const shown = device === undefined ? read : variantsOf(read).find((each) => each.name === scenario);
      const plan = makePlan(shown!, bench);
      const shapeOf = (steps: readonly Step[]): unknown =>
        steps.map(({ expectation, choices }) => [expectation, choices]);
      expect(shapeOf(predict(plan, new Set([name])))).not.toEqual(shapeOf(predict(plan)));
    },
  );

  it("applies an entry on its benches and versions only", () => {
    const entry = entries.find((each) => each.name === "aperture-top-offered");
    const on = (version: string): number =>
      quirksOf(entry === undefined ? [] : [entry], { ...profile, kernel: { ...profile.kernel, version } }).size;
    expect([on("6.12.107"), on("7.0"), on("7.2.13")]).toEqual([0, 1, 1]);
    expect(quirksOf(entries, { ...profile, bench: "model" }).size).toBe(0);
  });

  it("expects of a real host what its kernel does by itself, and nothing that QEMU does", () => {
    const quirks = quirksOf(entries, { ...profile, bench: "lpar", qemu: { version: "none" } });
    expect(quirks.has("aperture-top-offered")).toBe(true);
    expect(quirks.has("shadow-by-rpcit")).toBe(false);
    expect(entries.filter(({ name, fault }) => quirks.has(name) && fault !== "kernel")).toEqual([]);
  });

  it("expects of a real host that is a guest of KVM what any QEMU does, and of one under z/VM no more than of an LPAR", () => {
    const under = (hypervisor: string, bench = "lpar"): ReadonlySet<string> =>
      quirksOf(entries, { ...profile, bench, qemu: { version: "none" }, hypervisor });
    const without = quirksOf(entries, { ...profile, bench: "lpar", qemu: { version: "none" } });
    expect(under("z/VM    7.3.0")).toEqual(without);
    const onQemu = under("KVM/Linux");
    expect([...onQemu]).toEqual(expect.arrayContaining([...without, "shadow-by-rpcit", "blocked-dma-silent"]));
    expect(onQemu.has("refused-flush-ends-unmap")).toBe(false);
    expect(under("KVM/Linux", "model").size).toBe(0);
  });
});
