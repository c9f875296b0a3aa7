/** VFIO through the character device: open, bind to an iommufd, attach, replace, detach, close. */
import { refuseUnbound, requireOpen } from "../descriptor.ts";
import { maxU64 } from "../../zpci/iova.ts";
import type { Host } from "../host.ts";
import { ScenarioMistake } from "../scenario-mistake.ts";
import { findMocks, isMocks } from "../mocks.ts";
import { leave } from "./events.ts";
import { letGo } from "./function.ts";
import { endRemoval } from "./removal.ts";
import { registerDefault } from "../platform.ts";
import type { Ioas, ModelFunction, Reservation } from "../state.ts";
import { fail, succeed, type Outcome, type Rules } from "../rule.ts";
import { isReserved } from "../mapping.ts";
import { fillTable } from "../io-pagetable.ts";
import { closeDevice, openDevice } from "./vfio-device.ts";
import { endWith, refuseForeign } from "../foreign.ts";
import { autoHwptsOf } from "./mock.ts";

/** Leave the HWPT; one made by an attach goes with its last function (iommufd_hw_pagetable_put). */
function leaveHwpt(host: Host, name: string, keepReservationsOf: string | null): void {
  const fn = host.fn(name);
  const old = fn.hwpt;
  if (old === null) return;
  fn.hwpt = null;
  const hwpt = host.state.objects[old];
  if (hwpt?.kind !== "hwpt") return;
  if (hwpt.ioas !== keepReservationsOf) removeReservations(host.ioas(hwpt.ioas), name);
  const users = Object.values(host.state.functions).filter((each) => each.hwpt === old);
  if (hwpt.auto && users.length === 0) {
    host.state.objects[old] = null;
    removeReservations(host.ioas(hwpt.ioas), old);
  }
}

/** Take back what was reserved in an IOAS on behalf of a function or HWPT. */
export const removeReservations = (ioas: Ioas | null, owner: string): void => {
  if (ioas !== null) ioas.reserved = ioas.reserved.filter((each) => each.owner !== owner);
};

const overlaps = (ioas: Ioas, first: bigint, last: bigint): boolean =>
  ioas.areas.some((area) => area.iova <= last && area.iova + area.length - 1n >= first) ||
  isReserved(ioas.allowed ?? [], first, last);

/**
 * Reserve what a function cannot translate; false where a mapping is in the way, or what the user keeps.
 * Ground: io_pagetable.c, iopt_table_enforce_dev_resv_regions. Contract (Documentation/userspace-api/iommufd.rst,
 * IOMMU_IOAS_IOVA_RANGES: "mapping outside these ranges is not allowed"): all but the aperture. Quirk: s390-iommu.c,
 * s390_iommu_get_resv_regions leaves the top out while the function's domain is blocking.
 */
function reserveFor(host: Host, name: string, ioas: Ioas): boolean {
  const { domain } = host.fn(name);
  const { aperture, tableLast } = host.reachOf(host.fn(name));
  const regions: Reservation[] = [{ owner: name, first: 0n, last: aperture.first - 1n }];
  const last = domain === null ? tableLast : host.domain(domain).last;
  if (aperture.last < last) {
    const top = { owner: name, first: aperture.last + 1n, last };
    regions.push(domain === null ? { ...top, overlooked: true } : top);
  }
  const isInTheWay = ({ first, last, overlooked }: Reservation): boolean =>
    overlaps(ioas, first, last) && !(overlooked === true && host.has("aperture-top-offered"));
  if (regions.some(isInTheWay)) return false;
  ioas.reserved.push(...regions);
  return true;
}

/**
 * Make an HWPT of an IOAS and enter the IOAS's mappings.
 * Ground: hw_pagetable.c, iommufd_hwpt_paging_alloc: who is attached at once is so before io_pagetable.c, iopt_table_add_domain,
 * looks whether the mappings fit, and is detached again where they do not.
 */
export function makeHwpt(
  host: Host,
  ioasName: string,
  hwptName: string,
  auto: boolean,
  of: ModelFunction,
  attachFirst: string | null,
): Outcome {
  const ioas = host.ioas(ioasName);
  if (ioas === null) return fail("EINVAL");
  host.requireFreeName(hwptName);
  host.forgetStaleIds();
  const domain = host.newDomain(of);
  if (attachFirst !== null) {
    const fn = host.fn(attachFirst);
    if (host.setDomain(attachFirst, domain) !== "OK") return fail("EIO");
    fn.hwpt = hwptName;
  }
  if (ioas.areas.some((area) => (area.iova | area.length | area.offset) % 4096n !== 0n)) return fail("EADDRINUSE");
  const { tableLast } = host.reachOf(of);
  if (tableLast < maxU64 && overlaps(ioas, tableLast + 1n, maxU64)) return fail("EADDRINUSE");
  const problem = fillTable(host, ioas, domain);
  if (problem !== null) return fail(problem);
  if (tableLast < maxU64) ioas.reserved.push({ owner: hwptName, first: tableLast + 1n, last: maxU64 });
  host.state.objects[hwptName] = { kind: "hwpt", iommufd: ioas.iommufd, ioas: ioasName, auto, domain };
  return succeed();
}

/** Attach a function to an IOAS or HWPT, or replace what it is attached to. */
export function attachFunction(host: Host, name: string, to: string): Outcome {
  const fn = host.fn(name);
  const refusal = refuseUnbound(fn);
  if (refusal !== null) return refusal;
  if (Object.hasOwn(host.state.functions, to)) return fail(host.isBoundId(to) ? "EINVAL" : "ENOENT");
  if (isMocks(host, to)) return changeToMocks(host, name, to);
  const target = host.object(to);
  if (target === null) return fail("ENOENT");
  if (target.iommufd !== fn.iommufd)
    throw new ScenarioMistake(`"${to}" is not an object of the iommufd of "${name}"`);
  const ioasName = target.kind === "ioas" ? to : target.ioas;
  const ioas = host.ioas(ioasName);
  if (ioas === null) return fail("ENOENT");

  const existing = target.kind === "hwpt" ? to : (host.hwptsOf(to).find(([, hwpt]) => hwpt.auto)?.[0] ?? null);
  const oldIoas = currentIoas(host, name);
  if (oldIoas !== ioasName && !reserveFor(host, name, ioas)) return fail("EADDRINUSE");
  // Automatic HWPTs are tried from the oldest on; one of a mock is none for a function.
  const oldest = target.kind === "ioas" ? autoHwptsOf(host, to)[0] : undefined;
  if (oldest?.mocks === true) {
    const foreign = refuseForeign(host, oldest.name, fn.hwpt);
    if (foreign.confusedWith !== undefined) return endWith(host, foreign, fn);
  }
  if (existing !== null && existing === fn.hwpt) return succeed({ pt: existing });
  if (existing !== null) {
    const hwpt = host.state.objects[existing];
    if (hwpt?.kind !== "hwpt") return fail("ENOENT");
    if (moveTo(host, name, hwpt.domain) !== "OK") {
      if (oldIoas !== ioasName || host.has("failed-replace-drops-reservations")) removeReservations(ioas, name);
      return fail("EIO");
    }
    leaveHwpt(host, name, ioasName);
    fn.hwpt = existing;
    return succeed({ pt: existing });
  }
  const made = `auto:${String(host.state.autoCount + 1)}`;
  // First attach: the function joins before the table is filled; replace: after.
  const attaching = fn.hwpt === null;
  const outcome = makeHwpt(host, to, made, true, fn, attaching ? name : null);
  if (outcome.result !== "OK") {
    if (attaching) host.setDomain(name, null);
    fn.hwpt = attaching ? null : fn.hwpt;
    if (oldIoas !== ioasName) removeReservations(ioas, name);
    return outcome;
  }
  if (!attaching) {
    const hwpt = host.state.objects[made];
    if (hwpt?.kind === "hwpt" && moveTo(host, name, hwpt.domain) !== "OK") {
      Reflect.deleteProperty(host.state.objects, made);
      removeReservations(ioas, made);
      if (oldIoas !== ioasName || host.has("failed-replace-drops-reservations")) removeReservations(ioas, name);
      return fail("EIO");
    }
    leaveHwpt(host, name, ioasName);
    fn.hwpt = made;
  }
  host.state.autoCount += 1;
  return succeed({ pt: made });
}

/**
 * A function moves to a domain, from another or from none.
 * Contract (drivers/iommu/iommufd/device.c, iommufd_device_replace: "If it fails then no change is made to the attachment"): what was
 * attached before is attached after. Quirk: s390-iommu.c, s390_iommu_attach_device, blocks first, and iommu.c,
 * __iommu_group_set_domain_internal, has "no need to revert the last gdev that failed to set domain".
 */
function moveTo(host: Host, name: string, domain: string): "OK" | "EIO" {
  const fn = host.fn(name);
  const before = fn.domain;
  const result = host.setDomain(name, domain);
  if (result !== "OK" && before !== null && !host.has("failed-replace-blocks")) {
    fn.domain = before;
    host.domain(before).members.unshift(name);
  }
  return result;
}

/** A function is attached to one of the mock's objects: a HWPT of another driver is none for it, the rest is no page table. */
function changeToMocks(host: Host, name: string, to: string): Outcome {
  const fn = host.fn(name);
  const object = host.state.others[to] ?? null;
  if (object === null) return fail("ENOENT");
  if (object.kind !== "mock-hwpt") return fail("EINVAL");
  if (object.iommufd !== fn.iommufd) {
    throw new ScenarioMistake(`"${to}" is not an object of the iommufd of "${name}"`);
  }
  const below = object.ioas ?? findMocks(host, "mock-hwpt", object.parent ?? to)?.ioas ?? null;
  const ioas = below === null ? null : host.ioas(below);
  if (ioas !== null && below !== currentIoas(host, name)) {
    if (!reserveFor(host, name, ioas)) return fail("EADDRINUSE");
    removeReservations(ioas, name);
  }
  return endWith(host, refuseForeign(host, to, fn.hwpt), fn);
}

function currentIoas(host: Host, name: string): string | null {
  const { hwpt } = host.fn(name);
  const object = hwpt === null ? null : host.state.objects[hwpt];
  return object?.kind === "hwpt" ? object.ioas : null;
}

const attachGround =
  "drivers/vfio/iommufd.c, vfio_iommufd_physical_attach_ioas: replace where attached; drivers/iommu/iommufd/device.c, " +
  "iommufd_device_change_pt and iommufd_device_auto_get_domain: an automatic HWPT of the IOAS is shared, a manual one never " +
  "picked; after a replace DMA is translated by the new table (include/uapi/linux/vfio.h, VFIO_DEVICE_ATTACH_IOMMUFD_PT)";

/** Bind a function to an iommufd. */
export function bindFunction(host: Host, name: string, iommufd: string): Outcome {
  const fn = host.fn(name);
  requireOpen(fn);
  host.state.iommufds[iommufd] ??= {};
  if (fn.open === "group") return fail("EINVAL");
  if (fn.group.open) return fail("EBUSY");
  if (fn.iommufd !== null) return fail("EINVAL");
  host.setDomain(name, null);
  fn.iommufd = iommufd;
  host.forgetStaleIds();
  const opened = openDevice(host, name);
  if (opened.result !== "OK") unbindFunction(host, name);
  return opened;
}

/** Attach as VFIO does, which takes what was attached as a PASID for nothing: the kernel refuses to attach it again. */
function attachOnce(host: Host, name: string, to: string): Outcome {
  return host.fn(name).asPasid === true ? fail("EBUSY") : attachFunction(host, name, to);
}

/** The end of a function's use: it is detached, and no iommufd's any more. */
export function unbindFunction(host: Host, name: string): void {
  const fn = host.fn(name);
  if (fn.inUse) closeDevice(host, name);
  if (fn.open !== "cdev" || fn.iommufd === null) return;
  detachFunction(host, name);
  registerDefault(host, fn);
  fn.iommufd = null;
}

/** Detach a function, whoever knows of its attachment. */
export function detachFunction(host: Host, name: string): void {
  leaveHwpt(host, name, null);
  host.setDomain(name, null);
  delete host.fn(name).asPasid;
}

/** Rules of this file. */
export const cdevRules: Rules<"open" | "close" | "bind-iommufd" | "attach" | "replace" | "detach"> = {
  open: {
    ground: "drivers/vfio/device_cdev.c, vfio_device_fops_cdev_open; the node exists while vfio-pci is bound",
    predict: (host, { function: name }) => {
      const fn = host.fn(name);
      if (fn.driver !== "vfio-pci") return fail("ENOENT");
      if (fn.open !== "no") throw new ScenarioMistake(`Function "${name}" is open already`);
      fn.open = "cdev";
      return succeed();
    },
  },
  close: {
    ground: "drivers/vfio/vfio_main.c, vfio_df_close; drivers/vfio/iommufd.c, vfio_iommufd_physical_unbind detaches",
    predict: (host, { function: name }) => {
      const fn = host.fn(name);
      requireOpen(fn);
      fn.hasStaleId = fn.iommufd !== null;
      unbindFunction(host, name);
      fn.open = "no";
      if (fn.unplugged === "asked") {
        letGo(host, fn, fn.outside.wanted === "waits");
        if (fn.outside.wanted === "waits") fn.outside.wanted = "comes";
      }
      leave(host, fn);
      if (fn.removing) endRemoval(host, name);
      return succeed();
    },
  },
  "bind-iommufd": {
    ground:
      "drivers/vfio/device_cdev.c, vfio_df_ioctl_bind_iommufd: -EBUSY while the group is open, -EINVAL when bound already or " +
      "opened through the group; drivers/iommu/iommufd/device.c, iommufd_device_bind: the group's DMA is blocked",
    predict: (host, { function: name, iommufd }) => bindFunction(host, name, iommufd),
  },
  attach: { ground: attachGround, predict: (host, { function: name, to }) => attachOnce(host, name, to) },
  replace: { ground: attachGround, predict: (host, { function: name, to }) => attachOnce(host, name, to) },
  detach: {
    ground:
      "drivers/vfio/iommufd.c, vfio_iommufd_physical_detach_ioas: nothing where not attached; " +
      'drivers/iommu/iommufd/device.c, iommufd_device_detach: "returns back to a blocked DMA translation"',
    predict: (host, { function: name }) => {
      const fn = host.fn(name);
      const refusal = refuseUnbound(fn);
      if (refusal !== null) return refusal;
      // VFIO does not know of what was attached as a PASID.
      if (fn.hwpt === null || fn.asPasid === true) return succeed();
      detachFunction(host, name);
      return succeed();
    },
  },
};
