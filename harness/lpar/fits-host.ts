/** What a scenario needs that a host with functions of its own does not have, or that may not be done on one. */
import type { OperationName } from "../../src/operation/operation.ts";
import { kernelOptionsOf } from "../../src/scenario/requirements.ts";
import { kindOf, type Scenario } from "../../src/scenario/scenario.ts";
import { isServed } from "../../src/trace/device-kinds.ts";
import type { UsableFunction } from "./host-config.ts";

/** Operations that reach further than a function, or that only who made the machine can perform. */
const elsewhere: Readonly<Partial<Record<OperationName, string>>> = {
  ...{ plug: "a hypervisor that plugs functions in", unplug: "a hypervisor that takes functions back" },
  ...{ event: "a hypervisor that tells of events" },
  ...{ power: "a machine of its own: a function that is powered on gets whatever driver the host has for it" },
  ...{ remove: "a machine of its own", churn: "a machine of its own", pinned: "a machine of its own" },
  ...{ "domain-type": "a machine of its own" },
  ...{ drive: "a driver that is kept out of the host" },
  ...{ "block-read": "a medium of its own", "block-write": "a medium of its own" },
  ...{ "await-flush": "a driver that is kept out of the host" },
  "nvme-identify": "a controller whose serial number is known",
  "dma-read": "a medium that can be looked at from outside",
};

/** Everything, in words; empty where the scenario can run with these functions. */
export function findUnfit(
  scenario: Scenario,
  usable: readonly Pick<UsableFunction, "device" | "overwrite">[],
): string[] {
  const { functions, steps, kernelParameters } = scenario;
  const wanted = Object.values(functions).map(kindOf);
  const kinds = [...new Set(wanted)];
  const short = kinds.flatMap((kind) => {
    if (isServed({ device: kind })) return [`no ${kind} is on a host: this process serves it`];
    const count = wanted.filter((each) => each === kind).length;
    const had = usable.filter(({ device }) => device === kind).length;
    return had >= count
      ? []
      : [`${count} ${kind}${count === 1 ? "" : "s"} that may be used, of which the configuration names ${had}`];
  });
  const writes =
    steps.some(({ op }) => op === "dma-write") && !usable.every((each) => each.overwrite || each.device !== "nvme");
  return [
    ...short,
    ...new Set(steps.flatMap(({ op }) => elsewhere[op] ?? [])),
    ...(steps.some(({ during, answers }) => during.length + answers.length > 0)
      ? ["a machine that can be stopped inside an operation"]
      : []),
    ...(kernelParameters.length > 0 ? [`a kernel that was told ${kernelParameters.join(" ")}`] : []),
    // A device that is none, in the kernel of a machine that others use: what goes wrong with it takes all down.
    ...(kernelOptionsOf(scenario).includes("IOMMUFD_TEST") ? ["a machine of its own: iommufd's mock device"] : []),
    ...(writes ? ["a medium that may be overwritten"] : []),
  ];
}
