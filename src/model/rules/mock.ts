/** iommufd's mock device: another IOMMU driver beside s390-iommu, in the same iommufd. */
import { pageSize } from "../../zpci/iova.ts";
import type { Host } from "../host.ts";
import { ScenarioMistake } from "../scenario-mistake.ts";
import type { Mock, MockHwpt } from "../mock-state.ts";
import {
  addMocks,
  dropUnused,
  findMocks,
  fitsMock,
  isMocks,
  mockHwptsOf,
  mockPageSize,
  mocksOf,
  reserveForMock,
} from "../mocks.ts";
import { endWith, refuseForeign, type Refusal } from "../foreign.ts";
import { fail, succeed, type Outcome, type Rules } from "../rule.ts";
import { freeGroup } from "./domain.ts";
import { answerFor } from "./faults.ts";

/** A mock before it is attached. */
type Mount = Pick<Mock, "iommufd" | "behind" | "pasids" | "tracksDirt">;

/** What something is attached to by a name: a HWPT that is there, an IOAS, a HWPT of the other driver; or an errno. */
export type Target =
  | { readonly kind: "mock-hwpt"; readonly name: string; readonly hwpt: MockHwpt }
  | { readonly kind: "ioas" | "foreign"; readonly name: string }
  | { readonly kind: "refused"; readonly errno: string };

/**
 * What a name stands for where something is attached.
 * Ground: device.c, iommufd_device_change_pt: -ENOENT where there is no such object, -EINVAL where it is no page table.
 */
export function resolveTarget(host: Host, iommufd: string, name: string): Target {
  if (!isMocks(host, name)) {
    const object = host.object(name);
    if (object === null) return { kind: "refused", errno: "ENOENT" };
    if (object.iommufd !== iommufd) throw new ScenarioMistake(`"${name}" is not an object of iommufd "${iommufd}"`);
    return { kind: object.kind === "ioas" ? "ioas" : "foreign", name };
  }
  const object = host.state.others[name];
  if (object === null) return { kind: "refused", errno: "ENOENT" };
  if (object?.kind !== "mock-hwpt") return { kind: "refused", errno: "EINVAL" };
  return { kind: "mock-hwpt", name, hwpt: object };
}

/** HWPTs of an IOAS that attaches made, oldest first, and whether each is the mock's. */
export function autoHwptsOf(host: Host, ioas: string): readonly { readonly name: string; readonly mocks: boolean }[] {
  const mocks = mockHwptsOf(host, ioas).map(([name, hwpt]) => ({ name, mocks: true, auto: hwpt.auto }));
  const functions = host.hwptsOf(ioas).map(([name, hwpt]) => ({ name, mocks: false, auto: hwpt.auto }));
  const numberOf = (name: string): number => Number(name.slice("auto:".length));
  return [...mocks, ...functions].filter((each) => each.auto).sort((a, b) => numberOf(a.name) - numberOf(b.name));
}

/**
 * Why a replace by what is made of an IOAS fails, where that is none for what it is to replace.
 * Ground: device.c, iommufd_device_auto_get_domain: it is made first, whole, and -EINVAL comes of the replace itself.
 */
export const refuseMade = (host: Host, ioas: string): "EADDRINUSE" | "EINVAL" =>
  fitsMock(host, ioas) ? "EINVAL" : "EADDRINUSE";

/** Make a HWPT of an IOAS with the mock's driver. */
function makeMockHwpt(
  host: Host,
  ioasName: string,
  name: string,
  more: Partial<Pick<MockHwpt, "auto" | "canBeParent" | "takesPasids" | "tracksDirt" | "queue">>,
): "OK" | "EADDRINUSE" {
  const ioas = host.ioas(ioasName);
  if (ioas === null) throw new ScenarioMistake(`No IOAS is named "${ioasName}"`);
  if (!fitsMock(host, ioasName)) return "EADDRINUSE";
  reserveForMock(ioas, name);
  addMocks(host, name, {
    kind: "mock-hwpt",
    ...{ iommufd: ioas.iommufd, ioas: ioasName, parent: null, viommu: null },
    ...{ auto: false, canBeParent: false, takesPasids: false, tracksDirt: false, queue: null, ...more },
  });
  return "OK";
}

/**
 * Whether a mock can be attached to a HWPT of its own driver, and what it is behind then; else an errno.
 * Ground: device.c, iommufd_hwpt_pasid_compat: -EINVAL where PASIDs are attached and the HWPT does not take any;
 * selftest.c, mock_domain_nop_attach: -EINVAL where the HWPT tracks dirty pages and the mock does not, -ENOENT where the mock is
 * no device behind the virtual IOMMU.
 */
function examineHwpt(
  host: Host,
  name: string,
  mount: Mount,
  hwpt: MockHwpt,
): { readonly behind: Mock["behind"] } | { readonly errno: string } {
  if (!hwpt.takesPasids && Object.keys(mount.pasids).length > 0) return { errno: "EINVAL" };
  if (hwpt.tracksDirt && !mount.tracksDirt) return { errno: "EINVAL" };
  const { viommu } = hwpt;
  if (viommu === null) return { behind: null };
  // Where it is behind that virtual IOMMU already, its number there is not asked for again: it was attached with it.
  const vdevice = mocksOf(host, "vdevice").find(([, each]) => each.viommu === viommu && each.mock === name)?.[1];
  if (vdevice === undefined) return { errno: "ENOENT" };
  return { behind: mount.behind?.viommu === viommu ? mount.behind : { viommu, number: vdevice.number } };
}

/** The HWPT that a mock comes to be attached to by a name, made where need be; or the errno. */
function findHwpt(
  host: Host,
  name: string,
  mount: Mount,
  to: string,
  replaces: string | null,
): { readonly hwpt: string; readonly behind: Mock["behind"] } | Refusal {
  const target = resolveTarget(host, mount.iommufd, to);
  if (target.kind === "refused") return target;
  if (target.kind === "mock-hwpt") {
    if (target.name === replaces) return { hwpt: target.name, behind: mount.behind };
    const examined = examineHwpt(host, name, mount, target.hwpt);
    return "errno" in examined ? examined : { hwpt: target.name, behind: examined.behind };
  }
  if (target.kind === "foreign") return refuseForeign(host, target.name, replaces);
  if (Object.keys(mount.pasids).length > 0) return { errno: refuseMade(host, to) };
  for (const each of autoHwptsOf(host, to)) {
    if (each.mocks) return { hwpt: each.name, behind: null };
    const refused = refuseForeign(host, each.name, replaces);
    if (refused.confusedWith !== undefined) return refused;
  }
  const made = `auto:${String(host.state.autoCount + 1)}`;
  const result = makeMockHwpt(host, to, made, { auto: true });
  if (result !== "OK") return { errno: result };
  host.state.autoCount += 1;
  return { hwpt: made, behind: null };
}

/** The mock of a name, for operations that ask for it by that name; null where it was destroyed. */
const findMock = (host: Host, name: string): Mock | null => findMocks(host, "mock", name);

interface HwptWish {
  readonly hwpt: string;
  readonly mock: string;
  readonly parent: string;
  readonly queue?: string | undefined;
  readonly flags: readonly string[];
  readonly data: boolean;
  readonly unwritable: boolean;
}

/** Whatever comes after the table is made: the queue of its faults, and the answer. */
function endAllocation(host: Host, wish: HwptWish): string | null {
  const wantsQueue = wish.queue !== undefined || wish.flags.includes("fault-id-valid");
  if (wantsQueue && (wish.queue === undefined || findMocks(host, "fault-queue", wish.queue) === null))
    return "ENOENT";
  return wish.unwritable ? "EFAULT" : null;
}

function allocatePaging(host: Host, mock: Mock, wish: HwptWish): Outcome {
  const canBeParent = wish.flags.includes("nest-parent");
  const tracksDirt = wish.flags.includes("dirty-tracking");
  if (tracksDirt && !mock.tracksDirt) return fail("EOPNOTSUPP");
  const hasQueue = wish.queue !== undefined || wish.flags.includes("fault-id-valid");
  if (canBeParent && hasQueue) return fail("EOPNOTSUPP");
  // The new object has the lowest free number while the queue is looked for, but is none that can be found.
  const late = endAllocation(host, wish);
  if (late !== null) return fail(fitsMock(host, wish.parent) ? late : "EADDRINUSE");
  const options = { canBeParent, tracksDirt, takesPasids: wish.flags.includes("pasid"), queue: wish.queue ?? null };
  const result = makeMockHwpt(host, wish.parent, wish.hwpt, options);
  return result === "OK" ? succeed() : fail(result);
}

function allocateNested(host: Host, iommufd: string, wish: HwptWish): Outcome {
  const parent = host.state.others[wish.parent];
  if (wish.flags.some((each) => each !== "fault-id-valid" && each !== "pasid") || !wish.data)
    return fail("EOPNOTSUPP");
  if (parent?.kind === "mock-hwpt" && !parent.canBeParent) return fail("EINVAL");
  const errno = endAllocation(host, wish);
  if (errno !== null) return fail(errno);
  const below = parent?.kind === "viommu" ? parent.parent : wish.parent;
  addMocks(host, wish.hwpt, {
    kind: "mock-hwpt",
    ...{ iommufd, ioas: null, parent: below, viommu: parent?.kind === "viommu" ? wish.parent : null },
    ...{ auto: false, canBeParent: false, tracksDirt: false, queue: wish.queue ?? null },
    takesPasids: wish.flags.includes("pasid"),
  });
  return succeed();
}

/** Rules of this file. */
export const mockRules: Rules<"mock-create" | "mock-replace" | "mock-check" | "mock-hwpt-alloc"> = {
  "mock-create": {
    ground:
      "drivers/iommu/iommufd/selftest.c, iommufd_test_mock_domain: bind and attach, undone whole where that fails; " +
      "drivers/iommu/iommu.c, __iommu_attach_group: -EINVAL for another driver's domain, so an IOAS has a HWPT for each driver; " +
      "io_pagetable.c, iopt_table_add_domain: each reserves what its aperture leaves out",
    predict: (host, { mock: name, to, pasids, dirtyTracking, unknown }) => {
      if (unknown) return fail("EINVAL");
      const iommufd = (isMocks(host, to) ? host.state.others[to] : host.object(to))?.iommufd ?? "main";
      const mount = { iommufd, behind: null, pasids: {}, tracksDirt: dirtyTracking, groupNumber: freeGroup(host) };
      const found = findHwpt(host, name, mount, to, null);
      if ("errno" in found) return fail(found.errno);
      const attached = { hwpt: found.hwpt, behind: found.behind };
      addMocks(host, name, { kind: "mock", ...mount, ...attached, hasPasids: pasids, stumbles: false });
      return succeed({ pt: found.hwpt });
    },
  },
  "mock-replace": {
    ground:
      "drivers/iommu/iommufd/device.c, iommufd_device_do_replace: nothing at all where it is the same HWPT; else the new one first, " +
      "then the old one's page requests of this device are answered; where it fails nothing changes",
    predict: (host, { mock: name, to }) => {
      const mock = findMock(host, name);
      if (mock === null) return fail("ENOENT");
      const found = findHwpt(host, name, mock, to, mock.hwpt);
      if ("errno" in found) return endWith(host, found, null);
      const old = mock.hwpt;
      if (found.hwpt === old) return succeed({ pt: old });
      mock.hwpt = found.hwpt;
      mock.behind = found.behind;
      answerFor(host, name, 0, old);
      dropUnused(host, old);
      return succeed({ pt: found.hwpt });
    },
  },
  "mock-check": {
    ground:
      "drivers/iommu/iommufd/selftest.c, iommufd_test_md_check_pa: -ENOENT for a HWPT that is nested, -EINVAL where the IOVA stands " +
      "for another page or none; include/uapi/linux/iommufd.h, IOMMU_IOAS_MAP: a mapping is in every HWPT of its IOAS",
    predict: (host, { mock: name, iova, buffer, page }) => {
      const mock = findMock(host, name);
      if (mock === null)
        throw new ScenarioMistake(`Mock "${name}" was destroyed: what it was attached to is nobody's`);
      const ioas = findMocks(host, "mock-hwpt", mock.hwpt)?.ioas ?? null;
      if (ioas === null) return fail("ENOENT");
      const at = BigInt(iova);
      if (at % mockPageSize !== 0n) return fail("EINVAL");
      const translated = (wanted: bigint): bigint | null => {
        const area = host
          .ioas(ioas)
          ?.areas.find((each) => each.buffer === buffer && each.iova <= wanted && wanted < each.iova + each.length);
        return area === undefined ? null : area.offset + (wanted - area.iova);
      };
      const offset = BigInt(page) * pageSize;
      const halves = [0n, mockPageSize];
      return halves.every((half) => translated(at + half) === offset + half) ? succeed() : fail("EINVAL");
    },
  },
  "mock-hwpt-alloc": {
    ground:
      "drivers/iommu/iommufd/hw_pagetable.c, iommufd_hwpt_alloc, in the order of its tests: -EOPNOTSUPP for a parent that is to be " +
      "fault-capable; iommufd_hwpt_nested_alloc: -EINVAL on a HWPT that is no parent; -ENOENT without a fault object of that id; what " +
      "fails late leaves nothing behind",
    predict: (host, wish) => {
      const mock = findMock(host, wish.mock);
      if (mock === null) return fail("ENOENT");
      if (!isMocks(host, wish.parent)) {
        const parent = host.object(wish.parent);
        if (parent === null) return fail("EINVAL");
        if (parent.kind === "ioas") return allocatePaging(host, mock, wish);
        // The other driver's HWPT is no parent, either.
        const refused = wish.flags.some((each) => each !== "fault-id-valid" && each !== "pasid") || !wish.data;
        return fail(refused ? "EOPNOTSUPP" : "EINVAL");
      }
      const parent = host.state.others[wish.parent];
      const nests = (parent?.kind === "mock-hwpt" && parent.ioas !== null) || parent?.kind === "viommu";
      return nests ? allocateNested(host, mock.iommufd, wish) : fail("EINVAL");
    },
  },
};

/** The end of a mock by IOMMU_DESTROY: what it is attached to is left, and its page requests are answered. */
export function destroyMock(host: Host, name: string, mock: Mock): void {
  if (Object.keys(mock.pasids).length > 0) {
    throw new ScenarioMistake(`PASIDs of "${name}" are attached: the mock's driver does not end with those`);
  }
  host.state.others[name] = null;
  answerFor(host, name, 0, mock.hwpt);
  dropUnused(host, mock.hwpt);
  // What stands behind a virtual IOMMU for it goes first (device.c, iommufd_device_remove_vdev).
  for (const [vdevice] of mocksOf(host, "vdevice").filter(([, each]) => each.mock === name)) {
    host.state.others[vdevice] = null;
  }
}
