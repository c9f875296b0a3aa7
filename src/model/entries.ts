/** How many pages a host lets its guest map for a function, where it counts them. */
import type { Host } from "./host.ts";
import type { ModelFunction } from "./state.ts";

/**
 * Whether so many more pages of a function are too many.
 * Ground: drivers/vfio/vfio_iommu_type1.c, vfio_dma_do_map: -ENOSPC where a container has dma_entry_limit mappings. QEMU
 * hw/s390x/s390-pci-vfio.c, s390_pci_start_dma_count, asks for the number when it takes a function, and
 * s390-pci-inst.c, rpcit_service_call, tells the guest instead of trying: condition code 1, status 16; drivers/iommu/s390-iommu.c,
 * s390_iommu_iotlb_sync_map, then has everything flushed, for QEMU to find what it may let go of, and fails with -ENOMEM where
 * that does not help (seed 003). Every function has an address space, and so a container, of its own.
 * Contract (module parameter dma_entry_limit: "Maximum number of user DMA mappings per container"): as many as that, of those that
 * are there now. Quirks: the last one is refused, though it was made; those that go with their table are never given back
 * (s390-pci-bus.c, s390_pci_iommu_disable).
 */
export function exceedsEntries(host: Host, fn: ModelFunction, more: number): boolean {
  const limit = host.profile.host?.dmaEntryLimit;
  if (limit === undefined) return false;
  const used = host.has("shadow-by-rpcit") ? fn.shadow.size : host.tableOf(fn).size;
  const lost = host.has("entries-lost-with-table") ? fn.lostEntries : 0;
  return used + lost + more > limit - (host.has("last-entry-refused") ? 1 : 0);
}
