/** A scenario on other devices than those it names: the same steps, and the same verdict expected. */
import { onNvme } from "./on-nvme.ts";
import type { Scenario, ScenarioStep } from "./scenario.ts";

/** The scenario on each of the devices in `also`: `NAME@witness`, with every NVMe of it exchanged, or `NAME@nvme`, with every witness. */
export const variantsOf = (scenario: Scenario): Scenario[] =>
  scenario.also.map((device) => ({
    ...scenario,
    name: `${scenario.name}@${device}`,
    summary: `${scenario.summary}; on ${device === "nvme" ? "an NVMe" : "a witness"}`,
    also: [],
    ...(device === "nvme" ? onNvme(scenario) : onWitness(scenario)),
  }));

/**
 * What a driver does to have an NVMe do DMA comes down to bus mastering there; its queues stay mapped, so that counters and addresses
 * are the same.
 */
const onWitness = (scenario: Scenario): Pick<Scenario, "tags" | "functions" | "steps"> => ({
  tags: [...new Set([...scenario.tags, "device-end"])],
  functions: Object.fromEntries(
    Object.entries(scenario.functions).map(([name, each]) => [name, each === "nvme" ? "witness" : each]),
  ),
  steps: scenario.steps.map((step) => withoutQueues(step, scenario)),
});

function withoutQueues(step: ScenarioStep, { functions }: Scenario): ScenarioStep {
  const name = step.fields["function"];
  const isEnable = step.op === "nvme-enable" && typeof name === "string" && functions[name] === "nvme";
  return isEnable ? { ...step, op: "bus-master", fields: { function: name, on: true } } : step;
}
