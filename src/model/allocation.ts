/** Operations in which the kernel once gets no memory. */
import { anything, type Pattern } from "../compare/pattern.ts";
import type { Operation, OperationName } from "../operation/operation.ts";
import { pageSize } from "../zpci/iova.ts";
import type { Host } from "./host.ts";
import { areaOf } from "./mapping.ts";
import type { Outcome } from "./rule.ts";
import type { Bounds } from "./state.ts";

/** How an operation may end beside ENOMEM. */
interface OtherEnd {
  readonly result: string;
  /** Kernel file and function that ends it so. */
  readonly ground: string;
}

/**
 * Ends beside ENOMEM. What is named iommufd_should_fail is no allocation: where iommufd can be tested, it stands for what
 * cannot be failed otherwise.
 */
const lookup: OtherEnd = {
  result: "ENOENT",
  ground: "drivers/iommu/iommufd/main.c, iommufd_get_object: iommufd_should_fail",
};
const pinning: OtherEnd = {
  result: "EFAULT",
  ground: "drivers/iommu/iommufd/pages.c, pfn_reader_user_pin: iommufd_should_fail",
};
const storing: OtherEnd = {
  result: "EINVAL",
  ground: "drivers/iommu/iommufd/pages.c, pages_to_xarray: iommufd_should_fail",
};
const reserving: OtherEnd = {
  result: "EINVAL",
  ground: "drivers/iommu/iommufd/io_pagetable.c, iopt_table_enforce_dev_resv_regions: iommufd_should_fail",
};
const borrowing: OtherEnd = {
  result: "EINVAL",
  ground: "drivers/iommu/iommufd/pages.c, iopt_pages_rw_page: iommufd_should_fail",
};
const probing: OtherEnd = {
  result: "EINVAL",
  ground:
    "drivers/iommu/iommu.c, iommu_bus_notifier: what iommu_probe_device says is lost, and the device is added; iommufd/device.c, " +
    "iommufd_device_bind: -EINVAL for one that no IOMMU is behind",
};

/** Operations on iommufd's objects that have no other end beside ENOMEM than not to find one. */
const looksUp = [
  ...(["viommu-alloc", "vdevice-alloc", "fault-raise", "event-raise", "mock-check", "access-create"] as const),
  ...(["mock-pasid-attach", "mock-pasid-replace", "mock-pasid-detach", "mock-pasid-check", "hw-info"] as const),
] satisfies readonly OperationName[];

const otherEnds: Readonly<Partial<Record<OperationName, readonly OtherEnd[]>>> = {
  bind: [
    {
      result: "OK",
      ground: "drivers/base/dd.c, really_probe: what a driver's probe says is handed on as if no driver had matched",
    },
    { result: "EINVAL", ground: "drivers/base/bus.c, drivers_probe_store: whatever else went wrong" },
  ],
  attach: [lookup, reserving, pinning, storing],
  replace: [lookup, reserving, pinning, storing],
  "pasid-attach": [lookup, reserving, pinning, storing],
  "mock-create": [lookup, probing, pinning],
  "mock-replace": [lookup, reserving, pinning],
  "mock-hwpt-alloc": [lookup, storing, pinning],
  ...Object.fromEntries(looksUp.map((op) => [op, [lookup]])),
  "ioas-map": [lookup, pinning, storing],
  "ioas-unmap": [lookup],
  "ioas-copy": [lookup, pinning, storing],
  "iova-ranges": [lookup],
  "access-pin": [pinning, storing],
  "access-read": [borrowing, pinning],
  "access-write": [borrowing, pinning],
  "access-replace": [lookup],
  "huge-pages": [lookup, pinning, storing],
  "hwpt-alloc": [lookup, reserving, pinning, storing],
};

/** How an operation may end whose allocation failed, beside the usual way; whichever it is, all is as it was before. */
function endsForMemory(operation: Operation): readonly Outcome[] {
  // An odd call goes the way of the call that it is (drivers/vfio/device_cdev.c), up to where it is odd.
  const op = operation.op === "odd-call" ? operation.call : operation.op;
  const results = ["ENOMEM", ...(otherEnds[op] ?? []).map(({ result }) => result)];
  return [...new Set(results)].map((result) => ({ result, values: { $has: { injected: true } } }));
}

/**
 * The end of an operation for want of memory, null where it ends as usual: whether it does is a choice.
 * Ground: the man pages of ioctl(2), open(2) and write(2), ENOMEM; Documentation/fault-injection/fault-injection.rst,
 * /proc/<pid>/fail-nth: one allocation fails, and whoever made it undoes what was done.
 */
export function chooseEndForMemory(host: Host, operation: Operation): Outcome | null {
  if (operation.failNth === undefined) return null;
  const ends = endsForMemory(operation);
  const end = ends[host.choose(ends.length + 1) - 1] ?? null;
  if (end !== null && fillsTables.has(operation.op)) countWhatWasUndone(host, countPages(host, operation));
  if (end === null && operation.op === "container-unmap") countSlowUnmap(host, operation.container);
  return end;
}

/** What an operation returns, and whether an allocation of its failed. */
export function withInjected(values: Pattern, { failNth }: Operation): Pattern {
  if (failNth === undefined || typeof values !== "object" || values === null || Array.isArray(values)) return values;
  if ("$any" in values || "$has" in values) return values;
  return { ...(values as Readonly<Record<string, Pattern>>), injected: anything };
}

/**
 * What the kernel may say in an operation whose allocation failed: a reset that was tried again, a call that was not made
 * (arch/s390/pci/pci_clp.c, clp_set_pci_fn: -ENOMEM is said as any other), but of no error event.
 */
export const messagesWithoutMemory: Pattern = {
  $oneOf: [[], { $each: { $not: { $match: "^[^ ]+ error " } } }],
};

/**
 * What a device end sees of an operation whose allocation failed: how far that came before it was undone, an unregistered table or a
 * reset among it, is left open; what it may reach in the end is not.
 * Ground: drivers/vfio/pci/vfio_pci_core.c, vfio_pci_core_enable resets the function before it allocates what vfio_config_init wants;
 * drivers/iommu/s390-iommu.c, blocking_domain_attach_device comes before what an attach may fail with.
 */
export function deviceWithoutMemory(device: Pattern, { failNth }: Operation): Pattern {
  const isSeen = failNth !== undefined && typeof device === "object" && device !== null && "reach" in device;
  return isSeen ? { ...device, emptied: anything, reset: anything } : device;
}

/** Operations that write entries of a table, one page after the other. */
const fillsTables: ReadonlySet<OperationName> = new Set<OperationName>([
  ...(["ioas-map", "ioas-copy", "container-map", "attach", "replace", "hwpt-alloc", "huge-pages"] as const),
]);

/**
 * An unmap of type1 that gets no memory for what it is to unpin later flushes what it has, and then that on its own.
 * Ground: drivers/vfio/vfio_iommu_type1.c, unmap_unpin_fast and unmap_unpin_slow.
 */
function countSlowUnmap(host: Host, container: string): void {
  const domain = host.state.containers[container]?.domain ?? null;
  if (domain === null) return;
  const { counters, members } = host.domain(domain);
  counters.syncRpcits.high += 2 * members.length;
}

/** How many pages an operation may have mapped before it ended. */
function countPages(host: Host, operation: Operation): number {
  const lengths = ((): readonly bigint[] => {
    if (operation.op === "ioas-map" || operation.op === "container-map") return [areaOf(host, operation, 0n).length];
    if (operation.op === "ioas-copy") return [BigInt(operation.length)];
    return [...Object.values(host.state.objects), ...Object.values(host.state.containers)].flatMap((each) =>
      each !== null && "areas" in each ? each.areas.map(({ length }) => length) : [],
    );
  })();
  return lengths.reduce((sum, length) => sum + Number(length / pageSize) + 1, 0);
}

/**
 * What was mapped before the memory ran out is unmapped again, and counted as ever: at least nothing was.
 * Ground: drivers/iommu/iommufd/pages.c, iopt_area_fill_domains and iopt_fill_domains_pages, their ends; drivers/iommu/iommu.c,
 * iommu_map; drivers/iommu/s390-iommu.c, s390_iommu_map_pages and s390_iommu_unmap_pages.
 */
function countWhatWasUndone({ state }: Host, pages: number): void {
  for (const { counters, members } of Object.values(state.domains)) {
    // Each member is told on its own.
    for (const bounds of Object.values(counters) as Bounds[]) bounds.high += pages * Math.max(1, members.length);
  }
}
