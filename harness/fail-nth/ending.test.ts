import { expect, it } from "vitest";
import { initialState } from "../../src/model/initial-state.ts";
import { step } from "../../src/model/model.ts";
import { planOf } from "../../src/testing/plan-of.ts";
import { listReleases } from "./ending.ts";

/** What is let go of after a plan that went well. */
const releasesAfter = (steps: string) => {
  const plan = planOf(steps);
  const end = plan.steps.reduce(
    (state, { operation }) => step(state, operation, plan.profile).state,
    initialState(plan),
  );
  return listReleases(end, plan);
};

it("closes the iommufds that are open", () => {
  expect(releasesAfter("ioas-alloc: { ioas: A, iommufd: other }")).toEqual([
    { op: "iommufd-close", iommufd: "other" },
    { op: "pinned" },
  ]);
});

it("closes none twice", () => {
  const steps = "ioas-alloc: { ioas: A, iommufd: other }\niommufd-close: { iommufd: other }";
  expect(releasesAfter(steps)).toEqual([{ op: "pinned" }]);
});
