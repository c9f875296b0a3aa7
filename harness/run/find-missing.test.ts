import { expect, it } from "vitest";
import { parseScenario } from "../../src/scenario/parse.ts";
import { fakeProfile } from "../testing/fake-bench.ts";
import { quirkyScenarioText } from "../testing/scenario-files.ts";
import { findMissing } from "./find-missing.ts";

const scenario = parseScenario(quirkyScenarioText, "quirky.yaml");
const profileWith = (options: readonly string[], qemu = "11.1.3"): typeof fakeProfile => ({
  ...fakeProfile,
  kernel: { ...fakeProfile.kernel, options },
  qemu: { ...fakeProfile.qemu, version: qemu },
});
const enough = ["IOMMUFD", "S390_IOMMU", "VFIO_DEVICE_CDEV", "VFIO_PCI"];

it.each([
  ["a kernel that has all", enough, "11.1.3", []],
  ["a kernel that does not tell", [], "11.1.3", []],
  ["the model's kernel", ["*"], "11.1.3", []],
  [
    "a kernel without cdev",
    ["IOMMUFD", "S390_IOMMU", "VFIO_PCI"],
    "11.1.3",
    ["the kernel lacks CONFIG_VFIO_DEVICE_CDEV"],
  ],
  ["a QEMU without NVMe", enough, "7.2.22", ["QEMU 7.2.22 has no nvme (since 10.0)"]],
])("%s", (_, options, qemu, missing) => {
  expect(findMissing(scenario, profileWith(options, qemu))).toEqual(missing);
});
