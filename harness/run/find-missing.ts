/** What a scenario needs and a bench does not have. */
import { needsHost } from "../../src/operation/host-fields.ts";
import { exchangeTargets } from "../../src/scenario/exchangeable.ts";
import { kernelLineOf, kernelOptionsOf, optionsOf } from "../../src/scenario/requirements.ts";
import { kindOf, type Scenario } from "../../src/scenario/scenario.ts";
import { isServed, traitsOf } from "../../src/trace/device-kinds.ts";
import type { Profile } from "../../src/trace/profile.ts";
import { compareVersions } from "../../src/zpci/version.ts";

/** Whether a function is to be driven by a driver that the command line keeps out. */
const lacksDriver = ({ steps }: Scenario, { kernel }: Omit<Profile, "functions">): boolean =>
  kernel.commandLine.includes("nvme_init") && steps.some(({ op }) => op === "drive");

/** What a guest on a host has not, whatever its kernel. */
function lacksOnHost({ functions, steps, kernelParameters }: Scenario): string[] {
  const kinds = [...new Set(Object.values(functions).map(kindOf))];
  const own = kinds.filter((device) => isServed({ device }));
  const others = exchangeTargets.filter((each) => kinds.includes(each));
  const isStopped = steps.some(({ op, during, answers }) => op === "event" || during.length + answers.length > 0);
  return [
    ...(Object.keys(functions).length === 0 ? ["a function to pass through"] : []),
    ...own.map((device) => `no ${device} is passed through: this process serves it`),
    ...others.map((device) => `no ${device} is passed through so far`),
    ...(isStopped ? ["a guest that can be stopped inside an operation"] : []),
    ...(kernelParameters.length > 0 ? ["a guest that is frozen with other kernel parameters"] : []),
  ];
}

/** Whether something happens on a host where there is none. */
const lacksHost = ({ steps }: Scenario, { bench, host }: Omit<Profile, "functions">): boolean =>
  bench !== "model" && host === undefined && steps.some(({ op }) => needsHost(op));

/** Whether mappings are to run short where nobody counts them. */
const lacksLimit = ({ dmaEntryLimit }: Scenario, { bench, host }: Omit<Profile, "functions">): boolean =>
  dmaEntryLimit !== undefined && bench !== "model" && host?.backend !== "container";

const isOfLine = (version: string, line: string): boolean => new RegExp(`^${line}(?!\\d)`, "u").test(version);

/** Everything missing, in words; empty where the scenario can run. A kernel that does not tell its options has them all. */
export function findMissing(scenario: Scenario, profile: Omit<Profile, "functions">): string[] {
  const { options } = profile.kernel;
  const tells = options.length > 0 && !options.includes("*");
  const has = optionsOf(profile.kernel);
  const lacking = tells ? kernelOptionsOf(scenario).filter((option) => !has.includes(option)) : [];
  const devices = [...new Set(Object.values(scenario.functions).map(kindOf))].filter(
    // What a host has, it has from no QEMU.
    (device) => profile.bench !== "lpar" && compareVersions(profile.qemu.version, traitsOf({ device }).since) < 0,
  );
  const { since } = scenario;
  const isTooOld = since !== null && compareVersions(profile.kernel.version, since) < 0;
  const line = kernelLineOf(scenario);
  const isOther = line !== null && profile.bench !== "model" && !isOfLine(profile.kernel.version, line);
  return [
    ...(profile.bench === "passthrough" ? lacksOnHost(scenario) : []),
    ...(lacksHost(scenario, profile) ? ["a host that passes functions through (--bench passthrough)"] : []),
    ...(lacksLimit(scenario, profile) ? ["a host that has functions passed through by --backend container"] : []),
    ...(isTooOld ? [`it is asked of Linux ${since} and later`] : []),
    ...(isOther ? [`the mock device of Linux ${profile.kernel.version} is not that of ${line}`] : []),
    ...(lacking.length === 0 ? [] : [`the kernel lacks ${lacking.map((option) => `CONFIG_${option}`).join(", ")}`]),
    ...(lacksDriver(scenario, profile) ? ["the kernel's NVMe driver, which is kept out of it"] : []),
    ...(scenario.onDevice?.lacks ?? []),
    ...devices.map((device) => `QEMU ${profile.qemu.version} has no ${device} (since ${traitsOf({ device }).since})`),
  ];
}
