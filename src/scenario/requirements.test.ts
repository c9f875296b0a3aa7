import { expect, it } from "vitest";
import { kernelOptionsOf, optionsOf as optionsOfKernel } from "./requirements.ts";
import { parseScenario } from "./parse.ts";

const optionsOf = (steps: string, requires = "[]"): string[] =>
  kernelOptionsOf(
    parseScenario(
      `name: sample\nsummary: Which options it needs\ntags: [sample]\nrequires: ${requires}\nfunctions: { a: nvme }\nsteps:\n${steps}`,
      "f",
    ),
  );

it("needs no VFIO character device for the group and the container", () => {
  const options = optionsOf("  - take-type1: { function: a, container: C }");
  expect(options).toContain("VFIO_IOMMU_TYPE1");
  expect(options).not.toContain("IOMMUFD");
  expect(options).not.toContain("VFIO_DEVICE_CDEV");
});

it("needs no group for the character device and iommufd", () => {
  const options = optionsOf("  - take-iommufd: { function: a }");
  expect(options).toEqual(["IOMMUFD", "S390_IOMMU", "VFIO_DEVICE_CDEV", "VFIO_PCI"]);
});

it("needs what the scenario names itself", () => {
  expect(optionsOf("  - look:", "[IOMMUFD_TEST]")).toContain("IOMMUFD_TEST");
});

it("needs no VFIO where nothing is bound to it", () => {
  expect(optionsOf("  - power: { function: a, on: false }")).toEqual(["S390_IOMMU"]);
});

it.each([
  ["6.1.176", ["VFIO", "VFIO_CONTAINER", "VFIO_GROUP"]],
  ["6.2", ["VFIO", "VFIO_GROUP"]],
  ["6.6", ["VFIO"]],
])("takes VFIO of Linux %s for what it had no options for yet", (version, options) => {
  expect([...optionsOfKernel({ version, options: ["VFIO"] })].sort()).toEqual(options);
  expect(optionsOfKernel({ version, options: ["PCI"] })).toEqual(["PCI"]);
});
