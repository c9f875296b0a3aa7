/** A scenario on a device that whoever runs it asks for: the same steps, and what the model expects of that device. */
import { traitsOf } from "../trace/device-kinds.ts";
import type { OperationName } from "../operation/operation.ts";
import { exchangeTargets, type DeviceNeed, type ExchangeTarget } from "./exchangeable.ts";
import { kindOf, type Scenario, type ScenarioStep } from "./scenario.ts";
import { variantsOf } from "./variants.ts";

/** What an operation wants of its function, in words, where that is more than to be one. */
const wants: Readonly<
  Partial<Record<OperationName, "DMA by queues" | "command of NVMe" | "driver in these kernels">>
> = {
  "nvme-enable": "DMA by queues",
  "dma-write": "DMA by queues",
  "dma-read": "DMA by queues",
  "nvme-identify": "command of NVMe",
  drive: "driver in these kernels",
  "block-read": "driver in these kernels",
  "block-write": "driver in these kernels",
  // Its drivers have everything when it comes up again.
  "guest-reboot": "driver in these kernels",
};

/** Who has what a scenario asks for itself, and how that is said. */
const needs: Readonly<
  Record<DeviceNeed, { readonly what: string; readonly isMet: (device: ReturnType<typeof traitsOf>) => boolean }>
> = {
  "no-first-bar": { what: "a device without a first BAR", isMet: ({ hasFirstBar }) => !hasFirstBar },
  "own-reset": { what: "a device that is not reset by its slot", isMet: ({ resets }) => resets.length > 0 },
};

/**
 * The scenario with every function that QEMU emulates on another device: `NAME@igb`. What of it that device cannot do is named, and
 * has it skipped. Null where there is no such function, or where it is on the device as it is written.
 */
export function putOnDevice(scenario: Scenario, device: ExchangeTarget): Scenario | null {
  const exchanged = Object.entries(scenario.functions)
    .filter(([, each]) => !traitsOf({ device: kindOf(each) }).served && each !== device)
    .map(([name]) => name);
  if (exchanged.length === 0 || scenario.name.includes("@")) return null;
  const isExchanged = ({ fields }: ScenarioStep): boolean => exchanged.some((name) => name === fields["function"]);
  const isOfAll = ({ fields }: ScenarioStep): boolean => fields["function"] === undefined;
  return {
    ...scenario,
    name: `${scenario.name}@${device}`,
    summary: `${scenario.summary}; on ${device}`,
    tags: [...scenario.tags, device],
    also: [],
    functions: { ...scenario.functions, ...Object.fromEntries(exchanged.map((name) => [name, device])) },
    // What has queues has them set up as its own kind wants it.
    steps: scenario.steps.map((step) =>
      step.op === "nvme-enable" && isExchanged(step) ? { ...step, op: "queues-enable" } : step,
    ),
    onDevice: {
      device,
      lacks: lacksOf(
        scenario,
        scenario.steps.filter((step) => isExchanged(step) || isOfAll(step)),
        device,
      ),
    },
  };
}

/** What a scenario wants that a device has not, each with the first operation that wants it. */
function lacksOf(scenario: Scenario, steps: readonly ScenarioStep[], device: ExchangeTarget): string[] {
  const traits = traitsOf({ device });
  const unmet = scenario.deviceNeeds.map((need) => needs[need]).filter(({ isMet }) => !isMet(traits));
  const lacking = new Map<string, string>();
  for (const { op } of steps) {
    const wanted = wants[op];
    const isThere = wanted === undefined || (wanted === "DMA by queues" && traits.queues !== null);
    if (!isThere && !lacking.has(wanted)) lacking.set(wanted, `no ${wanted} on ${device} (${op})`);
  }
  return [...unmet.map(({ what }) => `it is for ${what}, and ${device} is none`), ...lacking.values()];
}

/** The scenario itself, or it on other devices, by name; undefined where it has no such name. */
export const findVariant = (scenario: Scenario, name: string): Scenario | undefined =>
  [
    ...[scenario, ...variantsOf(scenario)],
    ...exchangeTargets.flatMap((device) => putOnDevice(scenario, device) ?? []),
  ].find((each) => each.name === name);
