import { expect, it } from "vitest";
import { isVersion, locateKernel, parseDebianName, spellDebianName } from "./debian-name.ts";

it.each([
  ["debian/6.12", "6.12"],
  ["debian/6.12.95-1~bpo12+1", "6.12.95-1~bpo12+1"],
  ["debian/7", "7"],
  ["debian/bzImage", null],
  ["debian/", null],
  ["debian/6.12/vmlinuz", null],
  ["./debian/6.12", null],
  ["/boot/debian/6.12", null],
  ["6.12", null],
])("reads %s", (kernel, version) => {
  expect(parseDebianName(kernel)).toBe(version);
});

it("spells a name that it reads", () => {
  expect(parseDebianName(spellDebianName("7.3~rc7-1~exp1"))).toBe("7.3~rc7-1~exp1");
});

it.each([
  ["6.12.107-1", "6.12", true],
  ["6.12.107-1", "6.12.107", true],
  ["6.12.107-1", "6.12.107-1", true],
  ["7.3~rc7-1~exp1", "7.3", true],
  ["6.12.107-1", "6.1", false],
  ["6.12.107-1", "6.12.10", false],
  ["6.1.176-1", "6.12", false],
  ["6.12.107-1", "6.12.107-12", false],
])("takes %s for %s: %s", (version, wanted, is) => {
  expect(isVersion(version, wanted)).toBe(is);
});

it("makes paths absolute and leaves names as they are", () => {
  expect(locateKernel("debian/6.12", "/somewhere")).toBe("debian/6.12");
  expect(locateKernel("debian/bzImage", "/somewhere")).toBe("/somewhere/debian/bzImage");
  expect(locateKernel("./debian/6.12", "/somewhere")).toBe("/somewhere/debian/6.12");
  expect(locateKernel("lean/kasan", "/somewhere")).toBe("lean/kasan");
  expect(locateKernel("./lean/kasan", "/somewhere")).toBe("/somewhere/lean/kasan");
  expect(locateKernel("/boot/vmlinuz", "/somewhere")).toBe("/boot/vmlinuz");
});
