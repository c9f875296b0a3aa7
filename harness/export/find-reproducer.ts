/** Which scenario shows a ledger entry to somebody who has nothing of this project. */
import { knownVersions, predict } from "../../src/model/model.ts";
import { makePlan } from "../../src/plan/make-plan.ts";
import type { Plan } from "../../src/plan/plan.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";
import { modelProfile } from "../../src/target/model-target.ts";
import type { Profile } from "../../src/trace/profile.ts";
import { quirksOf, type Divergence, type Ledger } from "../../src/verdict/ledger.ts";
import { findHindrance, needsDebugger } from "./find-hindrance.ts";

/** What an entry can be shown with. */
export type Reproducer =
  | {
      readonly scenario: string;
      /** What it takes: QEMU alone, or gdb as well. */
      readonly needs: "QEMU" | "QEMU and gdb";
      /** What it is exported for: a machine, or a guest that has its functions from one. */
      readonly bench: "emulated" | "passthrough";
      /** The kernel to export it with, as `--kernel` takes it; null for the newest. */
      readonly kernel: string | null;
    }
  | { readonly scenario: null; readonly why: string };

/** What a guest is that has its functions from a host of the model's kind. */
const guest = {
  bench: "passthrough",
  host: { kernel: modelProfile.kernel, qemu: modelProfile.qemu, backend: "iommufd" },
} as const;

/**
 * The first scenario among an entry's evidence that can be exported, and comes out otherwise because of this entry on a kernel that it
 * holds for; one that QEMU alone is enough for comes before one that takes gdb.
 */
export function findReproducer(entry: Divergence, ledger: Ledger, scenarios: readonly Scenario[]): Reproducer {
  const { kernel, benches, evidence } = entry;
  // Where it is over, the kernel that it began with shows it.
  const old = kernel.before === undefined ? null : (kernel.from ?? knownVersions.kernel.oldest);
  const profile: Omit<Profile, "functions"> = {
    ...modelProfile,
    ...(benches.includes("emulated") ? { bench: "emulated" } : guest),
    ...(old === null ? {} : { kernel: { ...modelProfile.kernel, version: old } }),
  };
  const plans = evidence.flatMap((name) => {
    const scenario = scenarios.find((each) => each.name === name);
    return scenario === undefined ? [] : [makePlan(scenario, profile)];
  });
  const shown = plans.filter((plan) => findHindrance(plan) === null && isShownBy(plan, entry, ledger));
  const plan = shown.find((each) => !needsDebugger(each)) ?? shown[0];
  if (plan === undefined) {
    const [why = "none of its scenarios shows it"] = plans.flatMap((each) => findHindrance(each) ?? []);
    return { scenario: null, why };
  }
  const needs = needsDebugger(plan) ? "QEMU and gdb" : "QEMU";
  const bench = benches.includes("emulated") ? "emulated" : "passthrough";
  return { scenario: plan.scenario, needs, bench, kernel: old === null ? null : `lean/${old}` };
}

/** Whether anything is predicted otherwise than it would be if the entry were not. */
function isShownBy(plan: Plan, { name }: Divergence, ledger: Ledger): boolean {
  const quirks = quirksOf(ledger, plan.profile);
  const shape = (of: ReadonlySet<Divergence["name"]>): string =>
    JSON.stringify(predict(plan, of).map(({ expectation, choices }) => [expectation, choices]));
  return quirks.has(name) && shape(quirks) !== shape(new Set([...quirks].filter((each) => each !== name)));
}
