/** Where in a kernel the points are: which function stands for each, and on which side of it the host is stopped. */
import { responses } from "../../src/model/platform.ts";
import type { PointName } from "../../src/operation/points.ts";

/** A point in a kernel's own terms. */
export interface KernelPoint {
  /** Functions of the kernel; whichever is called first. All are called across files, so that none is inlined. */
  readonly symbols: readonly string[];
  /** Stop before its first instruction, or where it has returned to. */
  readonly side: "entry" | "return";
  /** What it returns where the point is passed; null where any. A table that was refused is not registered. */
  readonly results: readonly number[] | null;
  /** The function's first argument begins with the handle of the function that is flushed. */
  readonly flushes: boolean;
}

const at = (side: KernelPoint["side"], ...symbols: readonly string[]): KernelPoint => ({
  symbols,
  side,
  results: null,
  flushes: false,
});

const success = (symbol: string, ...others: readonly number[]): KernelPoint => ({
  ...at("return", symbol),
  results: [0, ...others],
});

/** The function that sends RPCIT: (handle << 32, address, length), 0 where it succeeds. */
export const refreshSymbol = "zpci_refresh_trans";

const flush = (side: KernelPoint["side"]): KernelPoint => ({ ...at(side, refreshSymbol), flushes: true });

/**
 * The points in Linux 6.12 to 7.2, in which no function changed its name or meaning, and in 6.1, where s390_iommu_unmap is the one
 * that unmaps and it, as s390_iommu_map, sends the RPCITs itself. What each is called by:
 *
 * - drivers/iommu/s390-iommu.c: `s390_iommu_unmap_pages` (by iommu_unmap, through the domain's operations);
 *   `zpci_refresh_trans(handle << 32, …)` for each function in s390_iommu_iotlb_sync and s390_iommu_iotlb_sync_map;
 *   `zpci_unregister_ioat` in blocking_domain_attach_device, after list_del_rcu; `zpci_register_ioat` in
 *   s390_iommu_attach_device, before list_add_rcu, and in zpci_iommu_register_ioat, with which a reset ends.
 * - arch/s390/pci/pci.c: `clp_disable_fh`, `clp_enable_fh` in zpci_disable_device and zpci_enable_device, which
 *   zpci_hot_reset_device calls.
 * - drivers/vfio/pci/vfio_pci_core.c: `pci_try_reset_function` (vfio_pci_ioctl_reset, vfio_pci_core_enable),
 *   `pci_reset_bus` (vfio_pci_dev_set_hot_reset), `__pci_reset_function_locked` (vfio_pci_core_disable);
 *   drivers/pci/pci-sysfs.c: `pci_reset_function` (reset_store).
 */
export const kernelPoints: Readonly<Record<PointName, KernelPoint>> = {
  "before-invalidate": at("entry", "s390_iommu_unmap_pages", "s390_iommu_unmap"),
  "before-flush": flush("entry"),
  "after-flush": flush("return"),
  "before-unregister": at("entry", "zpci_unregister_ioat"),
  "after-unregister": at("return", "zpci_unregister_ioat"),
  "before-register": at("entry", "zpci_register_ioat"),
  "after-register": success("zpci_register_ioat"),
  "before-reset": at(
    "entry",
    "pci_try_reset_function",
    "pci_reset_bus",
    "pci_reset_function",
    "__pci_reset_function_locked",
  ),
  "before-disable": at("entry", "clp_disable_fh"),
  "after-disable": success("clp_disable_fh", responses.alreadySo),
  "before-enable": at("entry", "clp_enable_fh"),
  "after-enable": success("clp_enable_fh"),
};

/** Every function of the kernel that a point needs. */
export const allSymbols: readonly string[] = [
  ...new Set(Object.values(kernelPoints).flatMap(({ symbols }) => symbols)),
];
