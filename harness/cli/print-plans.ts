/** `zhil run --dry-run`: what would be done, and how. */
import { makePlan } from "../../src/plan/make-plan.ts";
import { placeFunctions } from "../../src/plan/place-functions.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { describeError } from "../errors/describe-error.ts";
import { formatPlan } from "../evidence/format-plan.ts";
import { escapeLines } from "../report/escape.ts";
import { formatJsonLine } from "../report/json-line.ts";
import type { Bench } from "../run/bench.ts";
import { findMissing } from "../run/find-missing.ts";
import type { ScenarioFolder } from "../scenarios/read-scenarios.ts";
import type { ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";

/** Prints the plan of every scenario and how its machine would be started; 2 where a scenario cannot be planned. */
export function printPlans(selected: ScenarioFolder, bench: Bench, io: Io, json: boolean): ExitCode {
  const errors: unknown[] = selected.broken.map(({ error }) => error);
  for (const scenario of selected.scenarios) {
    try {
      const plan = placeFunctions(makePlan(scenario, bench.profile), bench.addresses ?? []);
      const machine = bench.describeMachine(plan);
      const missing = [...findMissing(scenario, bench.profile), ...(bench.lacks?.(scenario) ?? [])];
      io.stdout.write(json ? formatJsonLine({ ...plan, machine, missing }) : printed(plan, machine, missing));
    } catch (error) {
      errors.push(error);
    }
  }
  for (const error of errors) io.stderr.write(`zhil: ${describeError(error).flatMap(escapeLines).join("\n  ")}\n`);
  return errors.length === 0 ? 0 : 2;
}

const printed = (plan: Plan, machine: readonly string[], missing: readonly string[]): string =>
  [
    ...missing.map((each) => `# would be skipped: ${each}`),
    formatPlan(plan).trimEnd(),
    ...(machine.length === 0 ? [] : ["# machine:", ...machine]),
    "",
    "",
  ].join("\n");
