import { expect, it } from "vitest";
import { locateKernel } from "./debian-name.ts";
import { parseFlavourName } from "./flavour.ts";
import { parseLeanVersion, parseWithout } from "./lean-version.ts";

it.each([
  ["lean/6.12", "6.12"],
  ["lean/7", null],
  ["lean/6.12.107", null],
  ["lean/kasan", null],
  ["lean/", null],
  ["./lean/6.12", null],
  ["debian/6.12", null],
])("takes %s for the name of a lean kernel of a version, or not", (kernel, version) => {
  expect(parseLeanVersion(kernel)).toBe(version);
});

it("is neither a flavour nor a path", () => {
  expect(parseFlavourName("lean/6.12")).toBeNull();
  expect(locateKernel("lean/6.12", "/somewhere")).toBe("lean/6.12");
});

it("leaves out the standing patches that a version's fragment names", () => {
  const fragment =
    "# Why.\n# without patch: one.patch\nCONFIG_A=y\n# without patch: two.patch\n# see patch: three.patch\n";
  expect(parseWithout(fragment)).toEqual(["one.patch", "two.patch"]);
});
