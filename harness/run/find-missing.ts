/** What a scenario needs and a bench does not have. */
import { kernelOptionsOf } from "../../src/scenario/requirements.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";
import type { DeviceKind, Profile } from "../../src/trace/profile.ts";
import { compareVersions } from "../../src/zpci/version.ts";

/** First QEMU that has a device on s390x. */
const deviceSince: Readonly<Record<DeviceKind, string>> = { nvme: "10.0", "virtio-rng": "2.11", witness: "10.1" };

/** Everything missing, in words; empty where the scenario can run. A kernel that does not tell its options has them all. */
export function findMissing(scenario: Scenario, profile: Omit<Profile, "functions">): string[] {
  const { options } = profile.kernel;
  const tells = options.length > 0 && !options.includes("*");
  const lacking = tells ? kernelOptionsOf(scenario).filter((option) => !options.includes(option)) : [];
  const devices = [...new Set(Object.values(scenario.functions))].filter(
    (device) => compareVersions(profile.qemu.version, deviceSince[device]) < 0,
  );
  return [
    ...(lacking.length === 0 ? [] : [`the kernel lacks ${lacking.map((option) => `CONFIG_${option}`).join(", ")}`]),
    ...devices.map((device) => `QEMU ${profile.qemu.version} has no ${device} (since ${deviceSince[device]})`),
  ];
}
