/** Which functions of the kernel carry an operation out: where whoever looks for a cause begins to read. */

const s390 = "drivers/iommu/s390-iommu.c";

/** What is done below what the rule of an operation stands on; names are those of Linux 7.2. */
const below: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:ioas-map|ioas-copy|container-map)$/u,
    `${s390}, s390_iommu_map_pages, and s390_iommu_iotlb_sync_map for the RPCITs`,
  ],
  [
    /^(?:ioas-unmap|container-unmap)$/u,
    `${s390}, s390_iommu_unmap_pages and s390_iommu_invalidate_trans, and s390_iommu_iotlb_sync for the RPCITs`,
  ],
  [
    /^(?:attach|replace|group-set-container|container-set-iommu)$/u,
    `${s390}, s390_iommu_attach_device: blocking_domain_attach_device, then s390_iommu_domain_reg_ioat`,
  ],
  [
    /^(?:detach|close|destroy|unbind|group-unset-container|container-close)$/u,
    `${s390}, blocking_domain_attach_device, and s390_domain_free with the last user`,
  ],
  [
    /^(?:detach|close|destroy|replace|mock-replace)$/u,
    "drivers/iommu/iommufd/eventq.c, iommufd_auto_response_faults for page requests",
  ],
  [
    /^(?:reset|hot-reset|sysfs-reset|bind-iommufd|group-get-device)$/u,
    "drivers/pci/hotplug/s390_pci_hpc.c, reset_slot; arch/s390/pci/pci.c, zpci_hot_reset_device: zpci_disable_device and zpci_reenable_device, " +
      "which ask by clp_set_pci_fn, then zpci_iommu_register_ioat",
  ],
];

const cited = /[\w/-]+\.[ch], [_a-z]\w+(?:(?:,| and|, and) [_a-z]\w*_\w+)*/gu;

/** Files and functions: those that the ground of the operation's rule cites first, and what is below them. */
export function carriedOutBy(operation: string, ground: string): string {
  const above = [...ground.matchAll(cited)].map(([text]) => text).slice(0, 2);
  return [...above, ...below.flatMap(([pattern, what]) => (pattern.test(operation) ? what : []))].join("; ");
}
