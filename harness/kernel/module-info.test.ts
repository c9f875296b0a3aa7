import { expect, it } from "vitest";
import { makeModule } from "../testing/make-module.ts";
import { readDependencies, spellModule } from "./module-info.ts";

it.each([
  [
    ["license=GPL", "depends=vfio,irqbypass", "name=vfio_pci_core"],
    ["vfio", "irqbypass"],
  ],
  [["depends=vfio-pci-core"], ["vfio_pci_core"]],
  [["depends=", "name=vfio"], []],
  [["name=vfio"], []],
])("reads what a module depends on out of %j", (modinfo, depends) => {
  expect(readDependencies(makeModule(modinfo))).toEqual(depends);
});

it("refuses what is no module for s390x", () => {
  const little = makeModule(["depends="]);
  little[5] = 1;
  expect(() => readDependencies(little)).toThrow(/no ELF file for s390x/);
  expect(() => readDependencies(Buffer.from("hello"))).toThrow(/no ELF file/);
  expect(() => readDependencies(makeModule([]).subarray(0, 70))).toThrow(RangeError);
});

it.each([
  ["vfio-pci-core.ko.xz", "vfio_pci_core"],
  ["vfio.ko", "vfio"],
  ["virtio_console.ko.zst", "virtio_console"],
])("spells %s as the kernel does", (file, name) => {
  expect(spellModule(file)).toBe(name);
});
