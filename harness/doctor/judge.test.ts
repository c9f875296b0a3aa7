import { expect, it } from "vitest";
import { spellBytes } from "./examine-cache.ts";
import { examineCores, examineKvm, examineMemory } from "./examine-hardware.ts";
import { judgeOptions, spellPatches } from "./examine-kernel.ts";
import { examineNode } from "./examine-programs.ts";
import { judgeFeature } from "./examine-qemu.ts";

it("takes Node from 20.19 on", () => {
  expect(["20.18.3", "18.20.0", "20.19.0", "22.1.0"].map((version) => examineNode(version).state)).toEqual([
    "missing",
    "missing",
    "ok",
    "ok",
  ]);
});

it("finds a device by its whole name, and an object by its line", () => {
  const said =
    'name "nvme-ns", bus nvme-bus\nname "zpci", bus s390-pcibus\nList of user creatable objects:\n  iommufd\n';
  const feature = { list: "-device", for: "x", required: true, since: "10.0" } as const;
  expect(judgeFeature({ ...feature, name: "zpci" }, said).state).toBe("ok");
  expect(judgeFeature({ ...feature, name: "nvme" }, said).state).toBe("missing");
  expect(judgeFeature({ ...feature, name: "iommufd", list: "-object" }, said).state).toBe("ok");
  const optional = judgeFeature({ ...feature, name: "vfio-user-pci", required: false, since: "10.1" }, said);
  expect(optional).toMatchObject({ state: "warning", remedy: expect.stringContaining("10.1") as string });
});

it("says what each absent option is for and how to get it", () => {
  const findings = judgeOptions(["IOMMUFD"]);
  expect(findings.find((finding) => finding.what === "kernel option IOMMUFD")?.state).toBe("ok");
  expect(findings.find((finding) => finding.what === "kernel option VFIO_DEVICE_CDEV")).toMatchObject({
    state: "missing",
    remedy: expect.stringContaining("CONFIG_VFIO_DEVICE_CDEV=y") as string,
  });
  expect(findings.find((finding) => finding.what === "kernel option FAILSLAB")?.state).toBe("warning");
});

it("says of a kernel what was changed in it", () => {
  expect(spellPatches({ patches: [] })).toBe("");
  expect(spellPatches({ patches: ["a.patch", "b.patch"] })).toBe(" with a.patch, b.patch");
});

it("does not call options missing that a kernel does not tell", () => {
  expect(judgeOptions([])).toMatchObject([{ what: "kernel options", state: "warning" }]);
});

it("warns of little memory and a single core, and of neither where there is enough", () => {
  expect([examineMemory(1e9, 1e9).state, examineMemory(8e9, 1e8).state]).toEqual(["warning", "ok"]);
  expect([examineCores(1).state, examineCores(2).state]).toEqual(["warning", "ok"]);
});

it("asks for KVM on s390x only", async () => {
  expect((await examineKvm("x64")).detail).toContain("emulated");
  expect(spellBytes(2.54e9)).toBe("2.5 GB");
});
