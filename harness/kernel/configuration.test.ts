import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { findLostOptions, listOptions, parseConfiguration, parseFragment, spellOption } from "./configuration.ts";

const fragment = `# what it is for
CONFIG_PCI=y
CONFIG_NR_CPUS=4
# CONFIG_WERROR is not set

# since 6.19
# where available:
CONFIG_IOMMU_PT=y

CONFIG_VFIO=y
`;

it("finds nothing lost where the configuration has all of it", () => {
  const configuration = parseConfiguration(
    "CONFIG_PCI=y\nCONFIG_NR_CPUS=4\nCONFIG_VFIO=y\n# CONFIG_WERROR is not set\n",
  );
  expect(findLostOptions(parseFragment(fragment), configuration)).toEqual([]);
});

it("finds options that are gone, have another value, or are on although they were asked to be off", () => {
  const configuration = parseConfiguration("CONFIG_PCI=m\nCONFIG_NR_CPUS=4\nCONFIG_WERROR=y\n");
  const lost = findLostOptions(parseFragment(fragment), configuration);
  expect(lost.map(spellOption)).toEqual(["CONFIG_PCI=y", "# CONFIG_WERROR is not set", "CONFIG_VFIO=y"]);
});

it("takes as optional what stands under the mark, up to the next empty line", () => {
  const optional = parseFragment(fragment).filter((option) => !option.required);
  expect(optional.map((option) => option.name)).toEqual(["IOMMU_PT"]);
});

it("takes the later of two values, as make does: what is on top wins", () => {
  const both = parseFragment("CONFIG_PCI=y\nCONFIG_GCOV=n\n\n\n# where available:\nCONFIG_GCOV=y\n");
  expect(both.map(spellOption)).toEqual(["CONFIG_PCI=y", "CONFIG_GCOV=y"]);
  expect(both.map((option) => option.required)).toEqual([true, false]);
});

it("lists what is built in or a module, by name", () => {
  expect(listOptions(parseConfiguration('CONFIG_B=m\nCONFIG_A=y\nCONFIG_N=3\nCONFIG_S="y"\n'))).toEqual(["A", "B"]);
});

it("reads the lean kernel's fragment, which asks for the subject and no option twice", () => {
  const text = readFileSync(new URL("../../guests/kernel/lean.config", import.meta.url), "utf8");
  const names = text.split("\n").flatMap((line) => parseFragment(line).map((option) => option.name));
  expect(new Set(names).size).toBe(names.length);
  expect(names).toEqual(expect.arrayContaining(["IOMMUFD", "VFIO_DEVICE_CDEV", "VFIO_CONTAINER", "FAULT_INJECTION"]));
});
