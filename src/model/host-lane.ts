/** The host's lane: what the host of a guest must show of functions that are passed through. */
import { anything, between, type Pattern } from "../compare/pattern.ts";
import type { Host } from "./host.ts";
import { reachedTable } from "./reached-table.ts";

/** What the guest's own driver has mapped is its own affair, up to what the host allows. */
const pagesOfDriver = ({ profile }: Host): Pattern => {
  const limit = profile.host?.dmaEntryLimit;
  return limit === undefined ? anything : between(0, limit);
};

/**
 * What the host shows after an operation in its guest.
 *
 * Ground: the guest's QEMU holds the function by vfio-pci as long as it has it. What a guest maps comes to the host page by page
 * when the guest sends RPCIT, at the same IOVAs (QEMU hw/s390x/s390-pci-inst.c, s390_pci_update_iotlb; hw/vfio/listener.c,
 * vfio_iommu_map_notify), and what it unmaps goes likewise; a table that the guest unregisters takes everything with it
 * (s390-pci-bus.c, s390_pci_iommu_disable; vfio_listener_region_del). The host's kernel counts each page (drivers/iommu/s390-iommu.c,
 * s390_iommu_map_pages, s390_iommu_unmap_pages). Contract: all that the guest's table has while it is registered is mapped on the
 * host, or the function could not reach it. A zPCI reset in the guest is an affair of the guest's QEMU alone, so the host's
 * kernel has nothing to say (clp_service_call: CLP_SET_DISABLE_PCI_FN).
 */
export function describeHostLane(host: Host): Pattern {
  const functions = Object.values(host.state.functions).filter(({ plugged }) => plugged);
  return {
    functions: Object.fromEntries(
      functions.map((fn) => {
        const { there, driver, open, used, wanted } = fn.outside;
        // The guest has let go of it; the host's own thread has yet to notice.
        if (wanted === "comes") return [fn.profile.name, anything] as const;
        const seen = { driver, enabled: there ? true : null } as const;
        // QEMU lets go of the function when the guest has; what its own driver maps is its own affair.
        if (!open) return [fn.profile.name, { ...seen, pages: null }] as const;
        if (fn.driven !== null || (used && fn.onDefault))
          return [fn.profile.name, { ...seen, pages: pagesOfDriver(host) }] as const;
        const { size } = reachedTable(host.quirks, fn, host.tableOf(fn));
        return [fn.profile.name, { ...seen, pages: size }] as const;
      }),
    ),
    messages: host.hostMessages,
    alarms: [],
  };
}
