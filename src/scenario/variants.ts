/** A scenario on other devices than those it names: the same steps, and the same verdict expected. */
import type { Scenario, ScenarioStep } from "./scenario.ts";

/**
 * The scenario on each of the devices in `also`, every NVMe of it exchanged: `NAME@witness`. What a driver does to have an
 * NVMe do DMA comes down to bus mastering there; its queues stay mapped, so that counters and addresses are the same.
 */
export const variantsOf = (scenario: Scenario): Scenario[] =>
  scenario.also.map((device) => ({
    ...scenario,
    name: `${scenario.name}@${device}`,
    summary: `${scenario.summary}; on a ${device}`,
    tags: [...new Set([...scenario.tags, "device-end"])],
    also: [],
    functions: Object.fromEntries(
      Object.entries(scenario.functions).map(([name, each]) => [name, each === "nvme" ? device : each]),
    ),
    steps: scenario.steps.map((step) => withoutQueues(step, scenario)),
  }));

function withoutQueues(step: ScenarioStep, { functions }: Scenario): ScenarioStep {
  const name = step.fields["function"];
  const isEnable = step.op === "nvme-enable" && typeof name === "string" && functions[name] === "nvme";
  return isEnable ? { ...step, op: "bus-master", fields: { function: name, on: true } } : step;
}
