/** `zhil run --dry-run`: what would be done, and how. */
import { stringify } from "yaml";
import { makePlan } from "../../src/plan/make-plan.ts";
import { describeError } from "../errors/describe-error.ts";
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
      const { scenario: name, functions, buffers, steps } = makePlan(scenario, bench.profile);
      const plan = { scenario: name, functions, buffers, steps };
      const machine = bench.describeMachine({ ...plan, profile: { ...bench.profile, functions } });
      const missing = findMissing(scenario, bench.profile);
      if (json) io.stdout.write(formatJsonLine({ ...plan, machine, missing }));
      else io.stdout.write(formatPlan(plan, machine, missing));
    } catch (error) {
      errors.push(error);
    }
  }
  for (const error of errors) io.stderr.write(`zhil: ${describeError(error).flatMap(escapeLines).join("\n  ")}\n`);
  return errors.length === 0 ? 0 : 2;
}

type PlanText = Pick<ReturnType<typeof makePlan>, "scenario" | "functions" | "buffers" | "steps">;

function formatPlan(
  { scenario, functions, buffers, steps }: PlanText,
  machine: readonly string[],
  missing: string[],
) {
  const listed = steps.map(({ operation: { op, ...fields }, note }, index) => {
    const text = stringify(fields, { collectionStyle: "flow", lineWidth: 0 }).trim();
    return `  ${String(index + 1).padStart(3)}  ${op} ${text}${note === null ? "" : `  # ${note}`}`;
  });
  return [
    `# ${scenario}`,
    ...missing.map((each) => `# would be skipped: ${each}`),
    ...functions.map(({ name, device, uid, fid }) => `# function ${name}: ${device} uid=${uid} fid=${fid}`),
    ...buffers.map(({ name, pages }) => `# buffer ${name}: ${pages} page${pages === 1 ? "" : "s"}`),
    ...listed,
    ...(machine.length === 0 ? [] : ["# machine:", ...machine]),
    "",
    "",
  ].join("\n");
}
