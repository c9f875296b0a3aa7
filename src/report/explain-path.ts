/** What a place in an observation tells, in a sentence: for who sees one for the first time. */

const meanings: readonly (readonly [RegExp, string])[] = [
  [/^result$/u, "How the call ended: OK, the errno that the kernel returned, or that it did not return at all"],
  [/^values\.(?:completion|status|csts)$/u, "How the device itself said that its transfer ended"],
  [/^values\.during/u, "What came of what was done while the kernel stood still inside the operation"],
  [/^values/u, "What the call returned beside its result"],
  [/^functions\.[^.]+\.driver$/u, "The driver that the function is bound to"],
  [/^functions\.[^.]+\.enabled$/u, "Whether the function is enabled on the platform: bit 31 of its handle"],
  [
    /^functions\.[^.]+\.counters\.(?:mapped|unmapped)$/u,
    "Pages that the domain's table was given, or that were taken from it (drivers/iommu/s390-iommu.c, s390_iommu_map_pages and s390_iommu_unmap_pages)",
  ],
  [
    /^functions\.[^.]+\.counters\.\w*[rR]pcits$/u,
    "RPCITs: how often the hypervisor was told that table entries changed (drivers/iommu/s390-iommu.c, s390_iommu_iotlb_sync_map, s390_iommu_iotlb_sync and s390_iommu_flush_iotlb_all)",
  ],
  [
    /^functions\.[^.]+\.counters/u,
    "The counters of the domain that the function is attached to; none where its DMA is blocked",
  ],
  [/^functions/u, "A function as its host sees it"],
  [
    /^messages/u,
    "What the kernel says of zPCI: functions enabled and disabled (arch/s390/pci/pci_clp.c, clp_set_pci_fn), tables that are not registered (pci.c, zpci_register_ioat), error events (pci_event.c, __zpci_event_error): 0x4 is DMA that the table does not allow, 0x1 a flush that finds no table",
  ],
  [
    /^memory/u,
    "What is in the pages of a buffer: whether DMA landed, and where, by the table that is registered for the function (drivers/iommu/s390-iommu.c, s390_iommu_attach_device, s390_iommu_map_pages and s390_iommu_unmap_pages)",
  ],
  [/^blocks/u, "What is on the function's medium: whether DMA read what it should"],
  [
    /^devices\.[^.]+\.reach/u,
    "What the device end may reach: the mappings that the hypervisor handed on to it, on an RPCIT for each function of a domain (drivers/iommu/s390-iommu.c, s390_iommu_iotlb_sync_map, s390_iommu_iotlb_sync and s390_iommu_flush_iotlb_all)",
  ],
  [/^devices/u, "What the device end was told: that its table is gone, that it is reset"],
  [/^alarms/u, "Lines in the kernel's log that no healthy kernel prints"],
];

/** What a path of a difference tells. */
export const explainPath = (path: string): string =>
  meanings.find(([pattern]) => pattern.test(path))?.[1] ?? "What was observed";

/** Kinds of places, what people ask about first first: where a call fails, the rest follows from that. */
const telling = ["alarms", "result", "memory", "blocks", "devices", "messages", "functions"];

/** Of paths that differ in one step, the one that tells most. */
export const mostTelling = (paths: readonly string[]): string =>
  telling.flatMap((kind) => paths.filter((path) => path.startsWith(kind)))[0] ?? paths[0] ?? "";

/** A path without the names of one scenario, so that the same is the same in others: `memory.*[*]`. */
export const generalisePath = (path: string): string =>
  path
    .replace(/^(functions|devices)\.[^.]+/u, "$1.*")
    .replace(/^(memory|blocks)\..*$/u, "$1.*")
    .replace(/\[\d+\]/gu, "[*]");
