import { expect, it } from "vitest";
import { chooseAccelerator, findHost, identifyHost } from "./accelerator.ts";

it.each([
  ["s390x", true, "kvm"],
  ["s390x", false, null],
  ["x64", true, null],
  ["arm64", true, null],
])("on %s with KVM %s asks for %s", (architecture, kvm, accelerator) => {
  expect(chooseAccelerator(architecture, kvm)).toBe(accelerator);
});

const cpuinfo = (processor: string, facilities: string, megahertz: string): string =>
  [
    "vendor_id       : IBM/S390",
    "# processors    : 1",
    "bogomips per cpu: 24038.00",
    "features\t: esan3 zarch stfle msa ldisp eimm dfp edat etf3eh highgprs te vx vxd vxe gs sie",
    `facilities      : ${facilities}`,
    `processor 0: ${processor}`,
    `cpu MHz dynamic : ${megahertz}`,
  ].join("\n");

it("tells hosts apart by processor, facilities and kernel, and by nothing that changes by itself", () => {
  const processor = "version = FF,  identification = 0133E8,  machine = 3931";
  const host = identifyHost(cpuinfo(processor, "0 1 2", "5200"), "6.12.1");
  expect(identifyHost(cpuinfo(processor, "0 1 2", "4900"), "6.12.1")).toBe(host);
  expect(identifyHost(cpuinfo(processor, "0 1", "5200"), "6.12.1")).not.toBe(host);
  expect(identifyHost(cpuinfo(processor.replace("3931", "9175"), "0 1 2", "5200"), "6.12.1")).not.toBe(host);
  expect(identifyHost(cpuinfo(processor, "0 1 2", "5200"), "6.12.2")).not.toBe(host);
});

it("has no host where QEMU emulates", async () => {
  expect(await findHost(undefined)).toBeNull();
});
