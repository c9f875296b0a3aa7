/** The DMA aperture of a function: the IOVAs its translation table is registered for. */
import type { Profile } from "../trace/profile.ts";

/** First and last IOVA, both included. */
export interface Aperture {
  readonly first: bigint;
  readonly last: bigint;
}

/**
 * The aperture that the kernel registers for every emulated function.
 *
 * QEMU's CLP answers SDMA 4 GiB and a large EDMA (hw/s390x/s390-pci-bus.c, ZPCI_SDMA_ADDR and ZPCI_EDMA_ADDR); the kernel
 * shrinks it to the size of its memory (drivers/iommu/s390-iommu.c, s390_domain_alloc_paging and s390_iommu_init:
 * s390_iommu_aperture is the physical address of high_memory, times s390_iommu_aperture=).
 */
export function apertureOf(profile: Pick<Profile, "memoryMiB">): Aperture {
  const first = 0x1_0000_0000n;
  return { first, last: first + BigInt(profile.memoryMiB) * 0x10_0000n - 1n };
}

/** Last IOVA a region-third table reaches (arch/s390/include/asm/pci_dma.h, ZPCI_TABLE_SIZE_RT). */
export const tableLast = 0x400_0000_0000n - 1n;
