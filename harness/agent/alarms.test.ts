import { expect, it } from "vitest";
import { findAlarms } from "./alarms.ts";

it("finds nothing in what a healthy kernel prints", () => {
  const lines = [
    "vfio-pci 0005:00:00.0: resetting",
    "vfio-pci 0005:00:00.0: Event 0x4 reports an error for PCI function 0x20",
    "**  IOMMU DebugFS SUPPORT HAS BEEN ENABLED IN THIS KERNEL  **",
    "iommu: Default domain type: Translated",
    "Warning: unable to open an initial console.",
  ];
  expect(findAlarms(lines)).toEqual([]);
});

it.each([
  [
    "WARNING: CPU: 0 PID: 33 at drivers/iommu/s390-iommu.c:812 s390_iommu_attach_device+0x12c/0x1d0",
    "WARNING: drivers/iommu/s390-iommu.c at s390_iommu_attach_device",
  ],
  [
    "WARNING: drivers/iommu/s390-iommu.c:812 at s390_iommu_attach_device+0x12c/0x1d0, CPU#0: agent/33",
    "WARNING: drivers/iommu/s390-iommu.c at s390_iommu_attach_device",
  ],
  [
    "[   12.345678][   T33] BUG: sleeping function called from invalid context",
    "BUG: sleeping function called from invalid context",
  ],
  ["kernel BUG at mm/slub.c:4412!", "kernel BUG at mm/slub.c!"],
  ["monitor event: 0040 ilc:2 [#1]SMP ", "monitor event"],
  ["INFO: task agent:33 blocked for more than 120 seconds.", "INFO: task agent blocked"],
  ["rcu: INFO: rcu_sched self-detected stall on CPU", "rcu: INFO: rcu_sched self-detected stall on CPU"],
  [
    "WARNING: possible circular locking dependency detected",
    "WARNING: possible circular locking dependency detected",
  ],
  [
    "BUG: KASAN: slab-use-after-free in zpci_bus_remove_device+0x60/0x70",
    "BUG: KASAN: slab-use-after-free in zpci_bus_remove_device",
  ],
  ["refcount_t: underflow; use-after-free.", "refcount_t: underflow; use-after-free."],
  [
    "Unable to handle kernel pointer dereference at 000003ffe012e89c",
    "Unable to handle kernel pointer dereference at …",
  ],
])("reduces %s to what stays the same", (line, alarm) => {
  expect(findAlarms([line])).toEqual([alarm]);
});

it("tells with an alarm where it was, from the registers that follow", () => {
  const lines = [
    "Unable to handle kernel pointer dereference in virtual kernel address space",
    "Failing address: 0000000000000000 TEID: 0000000000000483",
    "Oops: 0038 ilc:2 [#1]SMP ",
    "CPU: 0 UID: 0 PID: 33 Comm: agent Not tainted 7.2.13 #1 PREEMPTLAZY",
    "Krnl PSW : 0704c00180000000 000003ffe012e89c (s390_iommu_attach_device+0x2c/0x1d0)",
    "Kernel panic - not syncing: Fatal exception: panic_on_oops",
  ];
  expect(findAlarms(lines)).toEqual([
    "Unable to handle kernel pointer dereference in virtual kernel address space",
    "Oops at s390_iommu_attach_device",
    "Kernel panic - not syncing: Fatal exception: panic_on_oops",
  ]);
});

it("says a place only once", () => {
  const lines = [
    "WARNING: drivers/iommu/s390-iommu.c:812 at s390_iommu_attach_device+0x12c/0x1d0, CPU#0: agent/33",
    "Krnl PSW : 0704c00180000000 000003ffe012e89c (s390_iommu_attach_device+0x2c/0x1d0)",
  ];
  expect(findAlarms(lines)).toEqual(["WARNING: drivers/iommu/s390-iommu.c at s390_iommu_attach_device"]);
});
