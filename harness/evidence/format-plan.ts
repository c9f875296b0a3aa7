import { stringify } from "yaml";
import type { Plan } from "../../src/plan/plan.ts";

/** A plan as YAML, a line per step, readable without this project. */
export function formatPlan({ scenario, functions, buffers, steps }: Omit<Plan, "profile">): string {
  return [
    `scenario: ${scenario}`,
    "functions:",
    ...functions.map((each) => `  - ${inline(each)}`),
    buffers.length === 0 ? "buffers: []" : "buffers:",
    ...buffers.map((each) => `  - ${inline(each)}`),
    "steps:",
    ...steps.flatMap(({ operation: { op, during = [], answers = [], failNth, ...fields }, note }) => [
      `  - ${op}: ${inline(fields)}`,
      ...(during.length === 0 ? [] : ["    during:"]),
      ...during.map(
        ({ operation: { op: dma, ...inside }, ...place }) => `      - ${inline({ ...place, [dma]: inside })}`,
      ),
      ...(answers.length === 0 ? [] : ["    answer:", ...answers.map((each) => `      - ${inline(each)}`)]),
      ...(failNth === undefined ? [] : [`    fail-nth: ${String(failNth)}`]),
      ...(note === null ? [] : [`    note: ${inline(note)}`]),
    ]),
    "",
  ].join("\n");
}

const inline = (value: unknown): string => stringify(value, { collectionStyle: "flow", lineWidth: 0 }).trim();
