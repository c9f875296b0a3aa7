/** The model as a target: the whole arrow without a machine. */
import { exampleObservation } from "../compare/compare.ts";
import { initialState } from "../model/initial-state.ts";
import { narrow, step } from "../model/model.ts";
import type { QuirkName } from "../model/quirks.ts";
import type { Operation } from "../operation/operation.ts";
import type { Plan } from "../plan/plan.ts";
import type { Profile } from "../trace/profile.ts";
import type { Performed, StartedTarget, Target } from "./target.ts";

/** The machine that the model stands for when nobody names one. */
export const modelProfile: Omit<Profile, "functions"> = {
  bench: "model",
  kernel: { version: "7.2", digest: "none", options: ["*"], commandLine: "", patches: [] },
  qemu: { version: "11.1", digest: "none" },
  memoryMiB: 512,
  cpus: 1,
};

/** A target that performs operations by predicting them: the contract, and where something is planted in it how that deviates. */
export const modelTargetWith = (planted: ReadonlySet<QuirkName>): Target => ({
  profile: modelProfile,
  start: (plan) => Promise.resolve(startModel(plan, planted)),
});

/** The contract, with nothing to deviate from it. */
export const modelTarget: Target = modelTargetWith(new Set());

function startModel(plan: Plan, planted: ReadonlySet<QuirkName>): StartedTarget {
  let state = initialState(plan);
  let performed = 0;
  return {
    profile: plan.profile,
    perform: (operation: Operation): Promise<Performed> => {
      const predicted = narrow(step(state, operation, plan.profile, planted), plan.steps[performed]?.expectedMemory);
      performed += 1;
      state = predicted.state;
      const observation = exampleObservation(predicted.expectation);
      return Promise.resolve({ observation, evidence: { micros: 0, log: [], raw: null } });
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
