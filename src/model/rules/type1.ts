/** VFIO through group and container with the type1 IOMMU. */
import { maxU64, pageSize, toHex } from "../../zpci/iova.ts";
import type { Host } from "../host.ts";
import { ScenarioMistake } from "../scenario-mistake.ts";
import { areaOf, holesOf, isReserved, lastOf, meets, requireInside } from "../mapping.ts";
import { block, isOldLine } from "../old-line.ts";
import { mapOnOldLine, unmapOnOldLine } from "../old-table.ts";
import { fail, succeed, type Rules } from "../rule.ts";
import { registerDefault } from "../platform.ts";
import type { Container, ModelFunction, Reservation } from "../state.ts";
import { isLocked } from "../leaving.ts";
import { openDevice } from "./vfio-device.ts";
import { mapInto, unmapFrom } from "../table.ts";

/** Entries a container may hold (vfio_iommu_type1.c, dma_entry_limit). */
const entryLimit = 65_535;

const containerOf = (host: Host, name: string): Container => {
  const found = host.state.containers[name];
  if (found === undefined) throw new ScenarioMistake(`No container is named "${name}"`);
  return found;
};

const containerOfGroup = (host: Host, fn: ModelFunction): Container | null =>
  fn.group.container === null ? null : containerOf(host, fn.group.container);

/**
 * What a container may not map: all but the aperture, once a group is in it.
 * Ground: vfio_iommu_type1.c, vfio_iommu_type1_attach_group: attach first, ask for reserved regions then, so that
 * s390_iommu_get_resv_regions sees a paging domain and reports both ends.
 */
const reservedOf = (host: Host, container: Container): Reservation[] =>
  container.domain === null
    ? []
    : [
        { owner: "", first: 0n, last: host.aperture.first - 1n },
        { owner: "", first: host.aperture.last + 1n, last: maxU64 },
      ];

/** What the kernel says of a range that leaves the 64-bit space. */
const wraps = (host: Host): string => (host.kernelIs("6.18") ? "EOVERFLOW" : "EINVAL");

/**
 * A group joins the container's domain, the first one makes it. Every one comes with a domain of its own, which is attached
 * first and left for that of the others where one like it is there (vfio_iommu_type1_attach_group). On the 6.1 line a group that
 * cannot be attached, or leaves a domain, goes back to the empty table (drivers/iommu/iommu.c, __iommu_attach_group and
 * __iommu_group_set_core_domain).
 */
function joinDomain(host: Host, name: string, container: Container): "OK" | "EIO" {
  const fn = host.fn(name);
  const { first, last } = host.reachOf(fn).aperture;
  if (first !== host.aperture.first || last !== host.aperture.last) {
    throw new ScenarioMistake("A container of functions whose apertures differ is beyond the model");
  }
  const own = host.newDomain(fn);
  const result = host.setDomain(name, own);
  if (result !== "OK") {
    if (isOldLine(host)) blockForCertain(host, name);
    return result;
  }
  if (container.domain === null) {
    container.domain = own;
    return "OK";
  }
  if (isOldLine(host)) blockForCertain(host, name);
  if (host.setDomain(name, container.domain) === "OK") return "OK";
  throw new ScenarioMistake(`A container with two domains is beyond the model: have "${name}" join the first`);
}

/** The kernel takes it for certain that a function can be blocked (drivers/iommu/iommu.c). */
function blockForCertain(host: Host, name: string): void {
  if (block(host, name) === "OK") return;
  throw new ScenarioMistake(
    `The kernel takes it for certain that "${name}" can be blocked, and warns: have that succeed`,
  );
}

/** A group leaves; with the last one the domain and its mappings go. */
export function leaveContainer(host: Host, name: string): void {
  const fn = host.fn(name);
  const container = containerOfGroup(host, fn);
  if (container === null) return;
  // drivers/iommu/iommu.c of 6.1: iommu_detach_group goes back to the empty table, iommu_group_release_dma_owner to the DMA API's.
  if (isOldLine(host) && fn.domain !== null && fn.domain === container.domain) blockForCertain(host, name);
  host.setDomain(name, null);
  registerDefault(host, fn);
  fn.group.container = null;
  container.groups = container.groups.filter((each) => each !== name);
  if (container.groups.length === 0) {
    container.domain = null;
    container.iommuSet = false;
    container.areas = [];
  }
}

/**
 * Sizes of pages that a container maps at once: the driver's, as far as they are the CPU's and larger (vfio_update_pgsize_bitmap).
 * Ground: drivers/iommu/s390-iommu.c, pgsize_bitmap: SZ_4K, and up to 6.1 S390_IOMMU_PGSIZES, "all page sizes that are an order of 4KiB".
 */
const pageSizesOf = (host: Host): string => (isOldLine(host) ? "0xfffffffffffff000" : "0x1000");

/** Rules of this file. */
export const type1Rules: Rules<
  | "container-open"
  | "container-close"
  | "container-set-iommu"
  | "container-info"
  | "container-map"
  | "container-unmap"
  | "group-open"
  | "group-close"
  | "group-set-container"
  | "group-unset-container"
  | "group-get-device"
> = {
  "container-open": {
    ground: "drivers/vfio/container.c, vfio_fops_open",
    predict: (host, { container }) => {
      host.state.containers[container] = { iommuSet: false, domain: null, areas: [], groups: [] };
      return succeed();
    },
  },
  "container-close": {
    ground: "drivers/vfio/container.c, vfio_fops_release: groups keep their own reference",
    predict: (host, { container }) => {
      if (containerOf(host, container).groups.length > 0) {
        throw new ScenarioMistake(
          `Container "${container}" is closed while groups are in it: nothing could be named after`,
        );
      }
      containerOf(host, container).areas = [];
      return succeed();
    },
  },
  "container-set-iommu": {
    ground:
      "drivers/vfio/container.c, vfio_ioctl_set_iommu: -EINVAL without a group or when set already; " +
      "__vfio_container_attach_groups: where one group cannot be attached none is. Linux 6.1 drivers/iommu/iommu.c, __iommu_attach_group: it " +
      "goes back to the empty table; s390-iommu.c, s390_iommu_attach_device: -EIO for any condition code but 0",
    predict: (host, { container: name }) => {
      const container = containerOf(host, name);
      if (container.groups.length === 0 || container.iommuSet) return fail("EINVAL");
      const joined: string[] = [];
      // Newest first: vfio_container_attach_group adds at the head of the list.
      for (const group of container.groups.toReversed()) {
        if (joinDomain(host, group, container) !== "OK") {
          for (const each of joined) blockForCertain(host, each);
          container.domain = null;
          return fail("EIO");
        }
        joined.push(group);
      }
      container.iommuSet = true;
      return succeed();
    },
  },
  "container-info": {
    ground:
      "drivers/vfio/vfio_iommu_type1.c, vfio_iommu_type1_get_info and vfio_iommu_iova_build_caps: what is offered is the aperture, up to 6.1 " +
      "by the domain's geometry, which its first function sets (s390-iommu.c, s390_iommu_attach_device), later by reserved regions",
    predict: (host, { container: name }) => {
      const container = containerOf(host, name);
      if (!container.iommuSet) return fail("EINVAL");
      const ranges = holesOf(reservedOf(host, container)).map((hole) => [toHex(hole.first), toHex(hole.last)]);
      return succeed({ ranges, pageSizes: pageSizesOf(host), available: entryLimit - container.areas.length });
    },
  },
  "container-map": {
    ground:
      "drivers/vfio/vfio_iommu_type1.c, vfio_dma_do_map, in the order of its tests; before 6.18 everything that it does not " +
      "like of a request by itself is -EINVAL, a range that wraps around too. Linux 6.1 drivers/iommu/s390-iommu.c, s390_iommu_map: -EINVAL " +
      "without read permission; s390_iommu_update_trans: -EIO or -ENOMEM as the first function says that refuses its RPCIT",
    predict: (host, fields) => {
      const container = containerOf(host, fields.container);
      if (!container.iommuSet) return fail("EINVAL");
      const area = areaOf(host, fields, BigInt(fields.iova));
      if (area.length === 0n) return fail("EINVAL");
      const last = lastOf(area.iova, area.length);
      if (last === null) return fail(wraps(host));
      if (!area.read && !area.write) return fail("EINVAL");
      if ([area.length, area.iova, area.offset].some((each) => each % pageSize !== 0n)) return fail("EINVAL");
      if (container.areas.some((each) => meets(each, area.iova, last))) return fail("EEXIST");
      if (container.areas.length >= entryLimit) return fail("ENOSPC");
      if (isReserved(reservedOf(host, container), area.iova, last)) return fail("EINVAL");
      requireInside(host, area);
      if (container.domain !== null) {
        const enter = isOldLine(host) ? mapOnOldLine : mapInto;
        const result = enter(host, container.domain, area, false);
        if (result !== "OK") return fail(result);
      }
      container.areas.push(area);
      return succeed();
    },
  },
  "container-unmap": {
    ground:
      "drivers/vfio/vfio_iommu_type1.c, vfio_dma_do_unmap (v2): -EINVAL where a mapping would be split, 0 bytes where none is. " +
      "Linux 6.1 drivers/iommu/s390-iommu.c, s390_iommu_unmap and s390_iommu_update_trans: the functions are told inside of it",
    predict: (host, { container: name, iova, length }) => {
      const container = containerOf(host, name);
      if (!container.iommuSet) return fail("EINVAL");
      const [first, size] = [BigInt(iova), BigInt(length)];
      if (first % pageSize !== 0n || size === 0n || size % pageSize !== 0n) return fail("EINVAL");
      const last = lastOf(first, size);
      if (last === null) return fail(wraps(host));
      const inside = container.areas.filter((area) => meets(area, first, last));
      if (inside.some((area) => area.iova < first || area.iova + area.length - 1n > last)) return fail("EINVAL");
      const takeOut = isOldLine(host) ? unmapOnOldLine : unmapFrom;
      for (const area of inside) if (container.domain !== null) takeOut(host, container.domain, area);
      container.areas = container.areas.filter((area) => !inside.includes(area));
      return succeed({ length: toHex(inside.reduce((sum, area) => sum + area.length, 0n)) });
    },
  },
  "group-open": {
    ground:
      "drivers/vfio/group.c, vfio_group_fops_open: -EBUSY while open or while a device of the group is bound through its cdev; vfio_main.c, " +
      "vfio_unregister_group_dev: the group goes last, once its device was closed",
    predict: (host, { function: name }) => {
      const fn = host.fn(name);
      if (fn.driver !== "vfio-pci" && !isLocked(fn)) return fail("ENOENT");
      if (fn.iommufd !== null) return fail("EBUSY");
      if (isLocked(fn)) throw new ScenarioMistake(`The group of "${name}" is about to go: nothing is opened with it`);
      if (fn.group.open) return fail("EBUSY");
      fn.group.open = true;
      return succeed();
    },
  },
  "group-close": {
    ground: "drivers/vfio/group.c, vfio_group_fops_release: leaves the container",
    predict: (host, { function: name }) => {
      const fn = host.fn(name);
      if (!fn.group.open) throw new ScenarioMistake(`Group of "${name}" is not open`);
      if (fn.inUse)
        throw new ScenarioMistake(`Group of "${name}" is closed while its device is open: the device keeps it open`);
      leaveContainer(host, name);
      fn.group.open = false;
      return succeed();
    },
  },
  "group-set-container": {
    ground:
      "drivers/vfio/group.c, vfio_group_ioctl_set_container: -EINVAL when in a container; container.c, vfio_container_attach_group. " +
      "Linux 6.1 (drivers/vfio/vfio_main.c): iommu.c, iommu_group_claim_dma_owner, attaches an empty table to block the function",
    predict: (host, { function: name, container: containerName }) => {
      const fn = openGroup(host, name);
      const container = containerOf(host, containerName);
      if (fn.group.container !== null) return fail("EINVAL");
      if (block(host, name) !== "OK") return fail("EIO");
      fn.group.container = containerName;
      container.groups.push(name);
      if (!container.iommuSet || joinDomain(host, name, container) === "OK") return succeed();
      leaveContainer(host, name);
      return fail("EIO");
    },
  },
  "group-unset-container": {
    ground:
      "drivers/vfio/group.c, vfio_group_ioctl_unset_container: -EINVAL without one, -EBUSY while the device is open. Linux 6.1 drivers/iommu/iommu.c, " +
      "iommu_group_release_dma_owner: without a default domain detach_dev, and s390_iommu_detach_device has arch/s390/pci/pci_dma.c, " +
      "zpci_dma_init_device, make the DMA API a table again",
    predict: (host, { function: name }) => {
      const fn = openGroup(host, name);
      if (fn.group.container === null) return fail("EINVAL");
      if (fn.inUse) return fail("EBUSY");
      leaveContainer(host, name);
      return succeed();
    },
  },
  "group-get-device": {
    ground:
      "drivers/vfio/group.c, vfio_group_ioctl_get_device_fd and vfio_df_group_open: -EINVAL before a container with an IOMMU",
    predict: (host, { function: name }) => {
      const fn = openGroup(host, name);
      if (fn.open !== "no") throw new ScenarioMistake(`Function "${name}" is open already`);
      if (containerOfGroup(host, fn)?.iommuSet !== true) return fail("EINVAL");
      const opened = openDevice(host, name);
      if (opened.result === "OK") fn.open = "group";
      return opened;
    },
  },
};

function openGroup(host: Host, name: string): ModelFunction {
  const fn = host.fn(name);
  if (fn.removing || fn.removed) throw new ScenarioMistake(`"${name}" is not in its group any more: close that`);
  if (!fn.group.open) throw new ScenarioMistake(`Group of "${name}" is not open`);
  return fn;
}
