/** Finding and using the mock's objects. */
import type { Host } from "./host.ts";
import { ScenarioMistake } from "./scenario-mistake.ts";
import type { Mock, MockHwpt, MockObject } from "./mock-state.ts";
import { maxU64 } from "../zpci/iova.ts";
import type { Ioas } from "./state.ts";

/** Page size of the mock's tables (drivers/iommu/iommufd/iommufd_test.h, MOCK_PAGE_SIZE): half of the host's. */
export const mockPageSize = 2048n;
/** IOVAs of the mock's tables (iommufd_test.h, MOCK_APERTURE_START and MOCK_APERTURE_LAST). */
export const mockAperture = { first: 0x100_0000n, last: 0x7fff_ffffn } as const;

/** True where a name is, or was, that of one of the mock's objects. */
export const isMocks = (host: Host, name: string): boolean => Object.hasOwn(host.state.others, name);

/**
 * The object of a name where it is of that kind; null where it was destroyed or is of another kind, which is the same to
 * whoever asks the kernel for an object of a type (main.c, iommufd_get_object: -ENOENT).
 */
export function findMocks<K extends MockObject["kind"]>(
  host: Host,
  kind: K,
  name: string,
): Extract<MockObject, { kind: K }> | null {
  const found = host.state.others[name];
  if (found === undefined && !Object.hasOwn(host.state.objects, name)) {
    throw new ScenarioMistake(
      `No object is named "${name}", or its id may be another object's since it was destroyed`,
    );
  }
  return found?.kind === kind ? (found as Extract<MockObject, { kind: K }>) : null;
}

/** All objects of a kind, by name. */
export function mocksOf<K extends MockObject["kind"]>(
  host: Host,
  kind: K,
): [string, Extract<MockObject, { kind: K }>][] {
  return Object.entries(host.state.others).filter(
    (entry): entry is [string, Extract<MockObject, { kind: K }>] => entry[1]?.kind === kind,
  );
}

/**
 * True where something holds an iommufd that was closed, with what is in it.
 * Ground: drivers/iommu/iommufd/eventq.c and device.c, iommufd_ctx_get of a queue's file and of an access; iommufd_ctx_put when they end.
 */
export const isHeldOpen = ({ state }: Host): boolean =>
  Object.values(state.others).some((each) => each !== null && "open" in each && each.open && each.outlives === true);

/** HWPTs of the mock's driver that have an IOAS's mappings. */
export const mockHwptsOf = (host: Host, ioas: string): [string, MockHwpt][] =>
  mocksOf(host, "mock-hwpt").filter(([, hwpt]) => hwpt.ioas === ioas);

/** A new object takes the lowest free id, which may be that of a destroyed one. */
export function addMocks(host: Host, name: string, object: MockObject): void {
  host.requireFreeName(name);
  host.forgetStaleIds();
  Reflect.deleteProperty(host.state.objects, name);
  host.state.others[name] = object;
}

/** True where a mock, or a PASID of one, is attached to a HWPT. */
const isAttached = (mock: Mock, hwpt: string): boolean =>
  mock.hwpt === hwpt || Object.values(mock.pasids).includes(hwpt);

/** The HWPT that was left goes where an attach had made it and nobody is attached any more (iommufd_hw_pagetable_put). */
export function dropUnused(host: Host, name: string): void {
  const hwpt = host.state.others[name];
  if (hwpt?.kind !== "mock-hwpt" || !hwpt.auto) return;
  if (mocksOf(host, "mock").some(([, mock]) => isAttached(mock, name))) return;
  endMocks(host, name);
}

/** An object ends, and with it what was reserved for it. */
export function endMocks(host: Host, name: string): void {
  const object = host.state.others[name];
  host.state.others[name] = null;
  if (object?.kind !== "mock-hwpt" || object.ioas === null) return;
  const ioas = host.ioas(object.ioas);
  if (ioas !== null) ioas.reserved = ioas.reserved.filter((each) => each.owner !== name);
}

/**
 * True where the mappings of an IOAS fit the mock's tables.
 * Ground: io_pagetable.c, iopt_table_add_domain: -EADDRINUSE for mappings that a page of the table does not fit, and for
 * those outside its aperture, which the user must not keep for himself either.
 */
export function fitsMock(host: Host, ioas: string): boolean {
  const { areas = [], allowed = [] } = host.ioas(ioas) ?? {};
  const isOutside = allowed.some(({ first, last }) => first < mockAperture.first || last > mockAperture.last);
  if (isOutside) return false;
  return areas.every(
    (area) =>
      (area.iova | area.length | area.offset) % mockPageSize === 0n &&
      area.iova >= mockAperture.first &&
      area.iova + area.length - 1n <= mockAperture.last,
  );
}

/** True where a device reads what is mapped there by itself, so that it cannot be unmapped. */
export const isLocked = (
  host: Host,
  ioas: string,
  { iova, length }: { readonly iova: bigint; readonly length: bigint },
): boolean =>
  mocksOf(host, "hw-queue").some(
    ([, queue]) => queue.ioas === ioas && queue.first < iova + length && queue.last >= iova,
  );

/** Reserve what the mock's tables do not have. */
export function reserveForMock(ioas: Ioas, owner: string): void {
  ioas.reserved.push({ owner, first: 0n, last: mockAperture.first - 1n });
  ioas.reserved.push({ owner, first: mockAperture.last + 1n, last: maxU64 });
}

/**
 * True where anything uses one of the mock's objects, so that it cannot be destroyed.
 * Ground: main.c, iommufd_object_remove; who takes a reference: hw_pagetable.c, iommufd_hwpt_alloc (queue), _nested_alloc
 * (parent), iommufd_viommu_alloc_hwpt_nested (virtual IOMMU); device.c, iommufd_hw_pagetable_attach; viommu.c,
 * iommufd_viommu_alloc_ioctl and iommufd_vdevice_alloc_ioctl; eventq.c, iommufd_eventq_init (the open file) and
 * iommufd_veventq_alloc.
 */
export function isInUse(host: Host, name: string): boolean {
  const object = host.state.others[name];
  const hwpts = mocksOf(host, "mock-hwpt").map(([, hwpt]) => hwpt);
  switch (object?.kind) {
    case "mock-hwpt":
      return (
        mocksOf(host, "mock").some(([, mock]) => isAttached(mock, name)) ||
        hwpts.some((each) => each.parent === name && each.viommu === null) ||
        mocksOf(host, "viommu").some(([, viommu]) => viommu.parent === name)
      );
    case "fault-queue":
      return object.open || hwpts.some((each) => each.queue === name);
    case "viommu":
      return (
        hwpts.some((each) => each.viommu === name) ||
        mocksOf(host, "vdevice").some(([, each]) => each.viommu === name) ||
        mocksOf(host, "event-queue").some(([, each]) => each.viommu === name) ||
        mocksOf(host, "hw-queue").some(([, each]) => each.viommu === name)
      );
    case "hw-queue":
      // selftest.c, mock_hw_queue_init_phys: each depends on the one before it (iommufd_hw_queue_depend).
      return mocksOf(host, "hw-queue").some(
        ([, each]) => each.viommu === object.viommu && each.index === object.index + 1,
      );
    case "event-queue":
      return object.open;
    default:
      return false;
  }
}
