/**
 * The 6.1 line: what was so up to Linux 6.1. The DMA API has a table of its own for each function (arch/s390/pci/pci_dma.c), groups have no
 * default domain, and s390-iommu tells its functions of changes inside map and unmap, one after the other until one refuses.
 */
import type { Host } from "./host.ts";

/** First Linux that is of the newer lines (drivers/iommu/s390-iommu.c was rewritten in 6.2). */
const newerSince = "6.2";

/** Whether a kernel is of the 6.1 line. */
export const isOldLine = (host: Pick<Host, "kernelIs">): boolean => !host.kernelIs(newerSince);

/**
 * The kernel blocks a function's DMA on behalf of VFIO: `OK`, or the errno where the empty table was not registered.
 * Ground: Linux 6.1 drivers/iommu/iommu.c, __iommu_group_alloc_blocking_domain: "For drivers that do not yet understand
 * IOMMU_DOMAIN_BLOCKED create an empty domain instead", and s390_domain_alloc makes none but IOMMU_DOMAIN_UNMANAGED. Later lines
 * have a domain without a table.
 */
export const block = (host: Host, name: string): "OK" | "EIO" =>
  host.setDomain(name, isOldLine(host) ? host.newDomain(host.fn(name)) : null);
