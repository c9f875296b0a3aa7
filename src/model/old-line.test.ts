import { describe, expect, it } from "vitest";
import { modelProfile } from "../target/model-target.ts";
import { planOf, witnessPlanOf } from "../testing/plan-of.ts";
import { predict, type Step } from "./model.ts";
import type { QuirkName } from "./quirks.ts";

const kernelOf = (version: string): { readonly kernel: typeof modelProfile.kernel } => ({
  kernel: { ...modelProfile.kernel, version },
});
const expectations = (
  plan: Parameters<typeof predict>[0],
  quirks: readonly QuirkName[] = [],
): readonly Step["expectation"][] => predict(plan, new Set(quirks)).map(({ expectation }) => expectation);

describe("the 6.1 line", () => {
  it.each([
    ["6.1.176", "EINVAL"],
    ["6.12.107", "OK"],
  ])("has Linux %s answer a mapping without read permission with %s", (version, result) => {
    const steps = `
  take-type1: { function: a, container: C }
  container-map: { container: C, iova: base+0x10000, buffer: p, read: false }`;
    expect(expectations(planOf(steps, kernelOf(version))).at(-1)).toMatchObject({ result });
  });

  it("has no type of a group's default domain, and none to choose", () => {
    const steps = "group: { function: a }\n domain-type: { function: a, type: DMA }";
    expect(expectations(planOf(steps, kernelOf("6.1.176")))).toMatchObject([
      { result: "OK", values: { type: "unknown" } },
      { result: "EINVAL" },
    ]);
  });

  it("has an empty table where later kernels have none, and the DMA API's where nobody has the function", () => {
    const steps = `
  bind: { function: a }
  container-open: { container: C }
  group-open: { function: a }
  group-set-container: { function: a, container: C }
  group-unset-container: { function: a }
  group-close: { function: a }`;
    const states = predict(planOf(steps, kernelOf("6.1.176"))).map(({ state }) => state);
    const held = states[3]?.functions.a;
    expect(held).toMatchObject({ onDefault: false });
    expect(states[3]?.domains[held?.domain ?? ""]?.table).toEqual(new Map());
    expect(states.at(-1)?.functions.a).toMatchObject({ onDefault: true, domain: null });
    expect(predict(planOf(steps, kernelOf("6.12.107")))[3]?.state.functions.a?.domain).toBeNull();
  });

  it("tells its functions of a mapping until one refuses, and the caller why", () => {
    const plan = witnessPlanOf(
      `
  - take-type1: { function: a, container: C }
  - take-type1: { function: b, container: C, join: true }
  - container-map: { container: C, iova: base+0x10000, buffer: p, pages: 1 }
    answer: { instruction: rpcit, of: b, cc: 1, status: 16 }`,
      kernelOf("6.1.176"),
    );
    const last = predict(plan).at(-1);
    expect(last?.expectation).toMatchObject({ result: "ENOMEM", values: { $has: { answered: [1] } } });
    expect(Object.values(last?.state.domains ?? {}).flatMap(({ table }) => [...table])).toEqual([]);
  });

  it.each([
    ["6.1.176", { onDefault: true, domain: null }],
    ["6.12.107", { onDefault: false, domain: null }],
  ])("has a reset of Linux %s end as seed 000 says where no table is registered", (version, after) => {
    const refused = `
  - bind: { function: a }
  - container-open: { container: C }
  - group-open: { function: a }
  - group-set-container: { function: a, container: C }`;
    const answer = version.startsWith("6.1.")
      ? "\n    answer: { instruction: mpcifc, control: register-ioat, cc: 1, status: 16 }"
      : "";
    const plan = witnessPlanOf(`${refused}${answer}\n  - sysfs-reset: { function: a }`, kernelOf(version));
    expect(predict(plan).at(-1)?.state.functions.a).toMatchObject(after);
  });
});

it.each([
  ["6.1.176", 4, 2],
  ["6.12.107", 2, 1],
])(
  "counts on Linux %s the tables that a function gets on its way into a container and out of it",
  (version, inward, outward) => {
    const count = "answer: { instruction: mpcifc, control: register-ioat, of: b, cc: 0, done: true, times: 9 }";
    const plan = witnessPlanOf(
      `
  - take-type1: { function: a, container: C }
  - bind: { function: b }
  - group-open: { function: b }
  - group-set-container: { function: b, container: C }
    ${count}
  - group-unset-container: { function: b }
    ${count}`,
      kernelOf(version),
    );
    const answered = expectations(plan).map(({ values }) => values);
    expect(answered.at(-2)).toMatchObject({ answered: [inward] });
    expect(answered.at(-1)).toMatchObject({ answered: [outward] });
  },
);

it("offers the aperture's last page, and refuses it only by a quirk", () => {
  const steps = `
  take-type1: { function: a, container: C }
  container-map: { container: C, iova: last-0xfff, buffer: p, pages: 1 }`;
  const plan = planOf(steps, kernelOf("6.1.176"));
  expect(expectations(plan).at(-1)).toMatchObject({ result: "OK" });
  expect(expectations(plan, ["last-page-refused"]).at(-1)).toMatchObject({ result: "EINVAL" });
});

const both = `
  - take-type1: { function: a, container: C }
  - take-type1: { function: b, container: C, join: true }`;
const reachOf = (plan: Parameters<typeof predict>[0], quirks: readonly QuirkName[]): unknown =>
  expectations(plan, quirks).at(-1)?.devices;

it("takes a failed mapping from those that were told of it, but for a quirk", () => {
  const plan = witnessPlanOf(
    `${both}
  - container-map: { container: C, iova: base+0x10000, buffer: p, pages: 1 }
    answer: { instruction: rpcit, of: a, cc: 1, status: 8 }`,
    kernelOf("6.1.176"),
  );
  expect(expectations(plan).at(-1)).toMatchObject({ result: "EIO", devices: { b: { reach: [] } } });
  expect(reachOf(plan, ["failed-map-leaves-page"])).toMatchObject({ a: { reach: [] }, b: { reach: [{}] } });
});

it("tells every function of an unmapping that one refuses, but for a quirk, and warns of nothing", () => {
  const plan = witnessPlanOf(
    `${both}
  - container-map: { container: C, iova: base+0x10000, buffer: p, pages: 1 }
  - container-unmap: { container: C, iova: base+0x10000, length: 0x1000 }
    answer: { instruction: rpcit, of: b, cc: 1, status: 8 }`,
    kernelOf("6.1.176"),
  );
  expect(expectations(plan).at(-1)).toMatchObject({
    ...{ result: "OK", alarms: [], devices: { a: { reach: [] }, b: { reach: [] } } },
  });
  const quirk = expectations(plan, ["refused-flush-ends-unmap"]).at(-1);
  expect(quirk).toMatchObject({ result: "OK", alarms: { $not: [] }, devices: { a: { reach: [{}] } } });
});
