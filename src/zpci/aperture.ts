/** The DMA aperture of a function: the IOVAs its translation table is registered for, and how large that table is. */
import type { Profile } from "../trace/profile.ts";

/** First and last IOVA, both included. */
export interface Aperture {
  readonly first: bigint;
  readonly last: bigint;
}

/** What the platform says of a function and its group when the kernel first asks (CLP, Query PCI Function and its group). */
export interface Offer {
  /** First address of its DMA. */
  readonly sdma: bigint;
  /** Last address of its DMA. */
  readonly edma: bigint;
  /** Types of tables that it may have, a bit for each. */
  readonly dtsm: number;
  /** The hypervisor wants an RPCIT for what becomes valid. */
  readonly refresh: boolean;
  /** It may go without translation. */
  readonly relaxed: boolean;
}

/** What QEMU says of each of its own functions (include/hw/s390x/s390-pci-bus.h, ZPCI_SDMA_ADDR, ZPCI_EDMA_ADDR and ZPCI_DTSM). */
export const usualOffer: Offer = {
  sdma: 0x1_0000_0000n,
  edma: 0x1ff_ffff_ffff_ffffn,
  dtsm: 0x40,
  refresh: true,
  relaxed: false,
};

/** What of a profile decides how far its functions reach. */
type ReachProfile = Pick<Profile, "memoryMiB" | "kernel" | "platform">;

/** Types of tables by the last IOVA they reach (arch/s390/include/asm/pci_dma.h, ZPCI_TABLE_SIZE_RT and _RS). */
const reaches = { third: (1n << 42n) - 1n, second: (1n << 53n) - 1n, first: (1n << 64n) - 1n } as const;

/** Last IOVA a region-third table reaches. */
export const tableLast: bigint = reaches.third;

/** Which of the greater tables a group's functions may have. */
export interface GreaterTables {
  readonly second: boolean;
  readonly first: boolean;
}

/**
 * What a mask of types of tables stands for: a type's bit is the leftmost one shifted right by the type's number.
 * Ground: QEMU's mask is 0x40, and it takes the type 1, region third, alone (hw/s390x/s390-pci-inst.c, reg_ioat: ZPCI_IOTA_RTTO);
 * arch/s390/include/asm/pci_clp.h: "Supported DT mask"; the numbers are those of pci_dma.h, ZPCI_IOTA_RSTO and ZPCI_IOTA_RFTO.
 */
export const tablesByMask = (dtsm: number): GreaterTables => ({
  second: (dtsm & (0x80 >> 2)) !== 0,
  first: (dtsm & (0x80 >> 3)) !== 0,
});

/** What Linux makes of it: it looks for the number itself, as it stands in a designation (ZPCI_IOTA_DT_RS and _RF). */
export const tablesByNumber = (dtsm: number): GreaterTables => ({
  second: (dtsm & (2 << 2)) !== 0,
  first: (dtsm & (3 << 2)) !== 0,
});

/** What the platform of a profile offers each of its functions. */
export const offerOf = ({ platform }: Pick<Profile, "platform">): Offer =>
  platform === undefined ? usualOffer : { ...usualOffer, refresh: platform.refresh };

/** How much IOVA space the kernel gives a function at most: its memory, times what the command line says; 0 is all there is. */
function apertureLimit({ memoryMiB, kernel }: Pick<Profile, "memoryMiB" | "kernel">): bigint {
  const factor = BigInt(/(?:^| )s390_iommu_aperture=(\d+)(?= |$)/u.exec(kernel.commandLine)?.[1] ?? "1");
  return factor === 0n ? reaches.first : BigInt(memoryMiB) * 0x10_0000n * factor;
}

/**
 * The aperture that the kernel registers for a function, and the last IOVA of the table that it chooses for it: the smallest that
 * reaches as far, of those that the platform offers.
 * Ground: drivers/iommu/s390-iommu.c, s390_domain_alloc_paging and s390_iommu_init: s390_iommu_aperture is the physical address of
 * high_memory, times s390_iommu_aperture=; "Assume RTX available".
 */
export function reachOf(
  profile: ReachProfile,
  { sdma, edma, dtsm }: Offer = usualOffer,
  tablesOf: (dtsm: number) => GreaterTables = tablesByMask,
): { readonly aperture: Aperture; readonly tableLast: bigint } {
  const told = profile.platform?.aperture;
  if (told !== undefined) {
    const aperture = { first: BigInt(told.first), last: BigInt(told.last) };
    const size = aperture.last - aperture.first + 1n;
    const fits = Object.values(reaches).find((each) => size <= each + 1n - aperture.first);
    return { aperture, tableLast: fits ?? reaches.first };
  }
  const limit = apertureLimit(profile);
  const offered = edma - sdma + 1n;
  const wanted = sdma + (limit < offered ? limit : offered) - 1n;
  const reach = wanted <= reaches.third ? reaches.third : greaterReach(wanted, tablesOf(dtsm));
  return { aperture: { first: sdma, last: wanted < reach ? wanted : reach }, tableLast: reach };
}

function greaterReach(wanted: bigint, { second, first }: GreaterTables): bigint {
  if (second && wanted <= reaches.second) return reaches.second;
  return first ? reaches.first : reaches.third;
}

/** The aperture of every function of which QEMU says what it says of its own. */
export const apertureOf = (profile: ReachProfile): Aperture => reachOf(profile).aperture;
