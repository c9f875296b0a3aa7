import { expect, it } from "vitest";
import { modelProfile } from "../target/model-target.ts";
import { apertureOf, reachOf, tableLast, tablesByMask, tablesByNumber, usualOffer, type Offer } from "./aperture.ts";

const first = 0x1_0000_0000n;
const told = (parameter: string) => ({
  memoryMiB: 256,
  kernel: { ...modelProfile.kernel, commandLine: `console=ttysclp0 ${parameter}` },
});
const unlimited = told("s390_iommu_aperture=0");
const reach = (offer: Partial<Offer>, profile = unlimited): readonly [string, string] => {
  const { aperture, tableLast: last } = reachOf(profile, { ...usualOffer, ...offer });
  return [aperture.last.toString(16), last.toString(16)];
};

it("gives a function as much IOVA space as there is memory, from 4 GiB on", () => {
  expect(apertureOf(told(""))).toEqual({ first, last: first + 0xfff_ffffn });
  expect(apertureOf(told("s390_iommu_aperture=4"))).toEqual({ first, last: first + 0x3fff_ffffn });
});

it("gives it all that its table reaches where nothing is limited", () => {
  expect(reach({})).toEqual([tableLast.toString(16), tableLast.toString(16)]);
  expect(apertureOf(unlimited).last).toBe(0x3ff_ffff_ffffn);
});

it("takes the smallest table that reaches as far as the platform offers, of those it offers", () => {
  expect(reach({ dtsm: 0x78, edma: 0xfff_ffff_ffffn })).toEqual(["fffffffffff", "1fffffffffffff"]);
  expect(reach({ dtsm: 0x70 })).toEqual(["1ffffffffffffff", "ffffffffffffffff"]);
  expect(reach({ dtsm: 0x60 })).toEqual(["3ffffffffff", "3ffffffffff"]);
  expect(reach({ dtsm: 0x78, edma: 0x2_0000_0000n })).toEqual(["200000000", "3ffffffffff"]);
  expect(reach({ dtsm: 0x78 }, told(""))).toEqual(["10fffffff", "3ffffffffff"]);
});

it("tells a type's bit from a type's number", () => {
  expect([0x40, 0x48, 0x60, 0x70, 0x78].map(tablesByMask)).toEqual([
    { second: false, first: false },
    { second: false, first: false },
    { second: true, first: false },
    { second: true, first: true },
    { second: true, first: true },
  ]);
  expect([0x40, 0x48, 0x70, 0x78].map((dtsm) => tablesByNumber(dtsm).first)).toEqual([false, true, false, true]);
});
