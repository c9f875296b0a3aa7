import { expect, it } from "vitest";
import { apertureOf, offerOf } from "../../src/zpci/aperture.ts";
import { describeProfile, withoutValues } from "./describe-profile.ts";
import type { HostFacts, HostFunction } from "./examine-host.ts";
import { readFacts } from "./examine-host.ts";
import { hostSchema } from "./host-config.ts";

const fn = (fid: number, end: bigint): HostFunction => ({
  ...{ fid, address: "0001:00:00.0", driver: null, groupType: "DMA-FQ", writable: true, blocks: [], uses: [] },
  reserved: [
    { first: 0n, last: 0xffff_ffffn },
    { first: end, last: 0x3ff_ffff_ffffn },
  ],
});
const facts = (functions: readonly HostFunction[], hypervisor: string | null = null): HostFacts => ({
  ...{
    release: "6.8.0",
    boot: "x",
    manufacturer: "IBM",
    hypervisor,
    digest: "ab",
    commandLine: "quiet",
    memoryMiB: 1,
  },
  ...{
    cpus: 2,
    options: [],
    nodes: {},
    hasVfioPci: true,
    programs: [],
    qemu: null,
    roomKiB: 1,
    lease: null,
    functions,
  },
});
const config = hostSchema.parse({
  ...{ address: "h", user: "u", hostKey: "k" },
  functions: [
    { fid: "0x20", device: "nvme" },
    { fid: "0x21", device: "nvme" },
  ],
});

it("takes the aperture from what the functions' groups keep out, whatever memory the host has", () => {
  const profile = describeProfile(facts([fn(0x20, 0x9_0000_0000n), fn(0x21, 0x9_0000_0000n)]), config);
  expect(apertureOf(profile)).toEqual({ first: 0x1_0000_0000n, last: 0x8_ffff_ffffn });
  expect(offerOf(profile).refresh).toBe(false);
  const virtual = describeProfile(facts([fn(0x20, 0x9_0000_0000n), fn(0x21, 0x9_0000_0000n)], "KVM/Linux"), config);
  expect(offerOf(virtual).refresh).toBe(true);
  expect([profile.hypervisor, virtual.hypervisor]).toEqual([undefined, "KVM/Linux"]);
});

it("refuses functions that reach different IOVAs", () => {
  const differing = facts([fn(0x20, 0x9_0000_0000n), fn(0x21, 0xa_0000_0000n)]);
  expect(() => describeProfile(differing, config)).toThrow("functions 0x00000020, 0x00000021 together");
});

it("keeps of the command line what parameters there are, and values of those of interest alone", () => {
  expect(withoutValues("root=UUID=1-2 ip=192.0.2.1:gate s390_iommu_aperture=0  quiet pci=norid\n")).toBe(
    "root=… ip=… s390_iommu_aperture=0 quiet pci=norid",
  );
});

it("believes no answer that breaks off", () => {
  expect(() => readFacts([["release", "6.8"]])).toThrow("it stopped in the middle of its answer");
});

it.each([
  [{ functions: [] }, /functions/u],
  [{ functions: [{ fid: "20", device: "nvme" }] }, /expected a FID/u],
  [
    {
      functions: [
        { fid: "0x20", device: "nvme" },
        { fid: "0x0020", device: "nvme" },
      ],
    },
    /expected no FID twice/u,
  ],
  [{ folder: "/tmp/a b" }, /expected an absolute path/u],
  [{ address: "a; reboot" }, /expected a name or an address/u],
  [{ passwort: "x" }, /passwort/u],
])("refuses a configuration with %j", (part, message) => {
  const { success, error } = hostSchema.safeParse({ ...config, ...part });
  expect(success).toBe(false);
  expect(error?.message).toMatch(message);
});
