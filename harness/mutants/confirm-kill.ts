/** Is it the mutant, or is the scenario unsteady? */
import type { Scenario } from "../../src/scenario/scenario.ts";
import type { ScenarioRecord } from "../evidence/record.ts";
import type { RunContext } from "../run/run-context.ts";
import { runScenario } from "../run/run-scenario.ts";
import { killOf } from "./mutant-record.ts";

/** Further runs on the unpatched kernel that must all pass. */
const counterRuns = 2;

/**
 * Runs a scenario that failed on a mutant again. `confirmed`: it fails in the same field there, and passes without the
 * mutant. `once`: it does not fail so again. `unsteady`: it fails without the mutant as well, though it passed before.
 */
export async function confirmKill(
  scenario: Scenario,
  failed: ScenarioRecord,
  mutant: RunContext,
  unpatched: RunContext,
): Promise<"confirmed" | "once" | { readonly unsteady: ScenarioRecord }> {
  for (let run = 0; run < counterRuns; run++) {
    const record = await runScenario(scenario, unpatched);
    if (record.verdict !== "pass" && record.verdict !== "known") return { unsteady: record };
  }
  const again = await runScenario(scenario, mutant);
  if (again.verdict !== "fail") return "once";
  const [first, second] = [killOf(failed), killOf(again)];
  return first.step === second.step && first.path === second.path ? "confirmed" : "once";
}
