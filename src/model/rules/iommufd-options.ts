/** What is set of an iommufd and its IOASes, which IOVAs they offer, and what is told of a device's IOMMU. */
import { toHex } from "../../zpci/iova.ts";
import type { Host } from "../host.ts";
import { ScenarioMistake } from "../scenario-mistake.ts";
import { isReserved, isBarred } from "../mapping.ts";
import { findMocks, isMocks } from "../mocks.ts";
import { fail, succeed, type Outcome, type Rules } from "../rule.ts";
import type { Reservation } from "../state.ts";

/** Bytes that the mock tells of itself, and the register among them (iommufd_test.h, struct iommu_test_hw_info). */
const mockInfo = { length: 8, register: 0xdead_beefn } as const;
/** Capabilities (include/uapi/linux/iommufd.h, enum iommufd_hw_capabilities). */
const dirtyTracking = 1;
const noAts = 8;
/** Width of the mock's PASIDs (iommufd_test.h, MOCK_PASID_WIDTH). */
const mockPasidBits = 20;

interface OptionFields {
  readonly option: string;
  readonly object?: string | undefined;
  readonly iommufd: string;
}

/** The iommufd of a name, opened on first use. */
const iommufdOf = (host: Host, name: string): Host["state"]["iommufds"][string] => (host.state.iommufds[name] ??= {});

/** True where an iommufd has any object. */
const hasObjects = (host: Host, iommufd: string): boolean =>
  [...Object.values(host.state.objects), ...Object.values(host.state.others)].some(
    (object) => object?.iommufd === iommufd,
  ) || Object.values(host.state.functions).some((fn) => fn.iommufd === iommufd);

/** The IOAS whose option it is, or the errno. */
function ioasOfOption(host: Host, object: string | undefined): { readonly hugePages: boolean } | { errno: string } {
  if (object === undefined || isMocks(host, object)) return { errno: "ENOENT" };
  return host.ioas(object) ?? { errno: "ENOENT" };
}

/** Ranges as the kernel takes them in, one after the other; or the errno. */
function takeRanges(ranges: readonly (readonly [string, string])[], unreadable: boolean): Reservation[] | string {
  const taken: Reservation[] = [];
  for (const [from, to] of ranges) {
    const [first, last] = [BigInt(from), BigInt(to)];
    if (unreadable) return "EFAULT";
    if (first >= last || isReserved(taken, first, last)) return "EINVAL";
    taken.push({ owner: "user", first, last });
  }
  return taken;
}

/** What is told of a device. */
interface Info {
  readonly type: "none" | "mock";
  readonly length: number;
  readonly capabilities: number;
  readonly pasidBits: number;
}

function infoOf(host: Host, name: string): Info | null {
  const fn = host.state.functions[name];
  if (fn !== undefined) {
    if (fn.iommufd === null) throw new ScenarioMistake(`Function "${name}" is not bound to an iommufd`);
    return { type: "none", length: 0, capabilities: noAts, pasidBits: 0 };
  }
  const mock = findMocks(host, "mock", name);
  if (mock === null) return null;
  return {
    type: "mock",
    length: mockInfo.length,
    capabilities: noAts + (mock.tracksDirt ? dirtyTracking : 0),
    pasidBits: mock.hasPasids ? mockPasidBits : 0,
  };
}

function tell(info: Info, room: number, writable: number): Outcome {
  if (writable < room) return fail("EFAULT");
  const { type, length, capabilities, pasidBits } = info;
  const told = { type, length, capabilities, pasidBits, zeroed: true };
  const hasRegister = type === "mock" && room >= mockInfo.length;
  return succeed(hasRegister ? { ...told, register: toHex(mockInfo.register) } : told);
}

/** Rules of this file. */
export const optionRules: Rules<
  "iova-allow" | "option-get" | "option-set" | "hw-info" | "vfio-ioas-set" | "vfio-ioas-get"
> = {
  "iova-allow": {
    ground:
      "drivers/iommu/iommufd/ioas.c, iommufd_ioas_allow_iovas and iommufd_ioas_load_iovas: -EINVAL for ranges that meet or are shorter " +
      "than two bytes; io_pagetable.c, iopt_set_allow_iova: -EADDRINUSE over what is reserved, and the old ranges stay then; " +
      "iopt_reserve_iova and iopt_alloc_iova: nobody reserves them, the kernel chooses among them",
    predict: (host, { ioas: name, ranges, unreadable, unknown }) => {
      if (unknown) return fail("EOPNOTSUPP");
      const ioas = host.ioas(name);
      if (ioas === null) return fail("ENOENT");
      const allowed = takeRanges(ranges, unreadable);
      if (typeof allowed === "string") return fail(allowed);
      if (allowed.some(({ first, last }) => isBarred(host, ioas, first, last))) return fail("EADDRINUSE");
      ioas.allowed = allowed;
      return succeed();
    },
  },
  "option-get": {
    ground:
      "drivers/iommu/iommufd/main.c, iommufd_option, and ioas.c, iommufd_option_rlimit_mode: -EOPNOTSUPP with an object; " +
      "iommufd_ioas_option: -ENOENT without an IOAS",
    predict: (host, { option, object, iommufd }: OptionFields) => {
      if (object === undefined) iommufdOf(host, iommufd);
      if (option === "unknown") return fail("EOPNOTSUPP");
      if (option === "rlimit-mode") {
        if (object !== undefined) return fail("EOPNOTSUPP");
        return succeed({ value: iommufdOf(host, iommufd).accounts === "process" ? 1 : 0 });
      }
      const ioas = ioasOfOption(host, object);
      return "errno" in ioas ? fail(ioas.errno) : succeed({ value: ioas.hugePages ? 1 : 0 });
    },
  },
  "option-set": {
    ground:
      "drivers/iommu/iommufd/ioas.c, iommufd_option_rlimit_mode: -EBUSY where the iommufd has any object; values but 0 and 1 are " +
      "-EINVAL for either option, operations but get and set -EOPNOTSUPP",
    predict: (host, { option, object, iommufd, value, unknown }) => {
      if (object === undefined) iommufdOf(host, iommufd);
      if (option === "unknown") return fail("EOPNOTSUPP");
      if (option === "rlimit-mode") {
        if (object !== undefined || unknown) return fail("EOPNOTSUPP");
        if (hasObjects(host, iommufd)) return fail("EBUSY");
        if (value > 1) return fail("EINVAL");
        iommufdOf(host, iommufd).accounts = value === 1 ? "process" : "user";
        return succeed();
      }
      const ioas = ioasOfOption(host, object);
      if ("errno" in ioas) return fail(ioas.errno);
      if (unknown) return fail("EOPNOTSUPP");
      if (value > 1) return fail("EINVAL");
      if ((value === 1) !== ioas.hugePages) throw new ScenarioMistake("Large pages are turned by huge-pages");
      return succeed();
    },
  },
  "hw-info": {
    ground:
      "drivers/iommu/iommufd/device.c, iommufd_get_hw_info: what the driver tells, cut or filled up with zeros, and how long it is; " +
      "s390-iommu.c has no hw_info, so nothing of any type, and neither PASIDs nor ATS (s390_iommu_capable); " +
      "selftest.c, mock_domain_hw_info: -EOPNOTSUPP for a type that it does not know",
    predict: (host, { device, type, room, writable, unknown }) => {
      if (unknown) return fail("EOPNOTSUPP");
      const info = infoOf(host, device);
      if (info === null) return fail("ENOENT");
      if (info.type === "mock" && type === "unknown") return fail("EOPNOTSUPP");
      return tell(info, room, writable ?? room);
    },
  },
  "vfio-ioas-set": {
    ground: "drivers/iommu/iommufd/vfio_compat.c, iommufd_vfio_ioas: the IOAS is not used, only remembered",
    predict: (host, { ioas: name, iommufd, unknown }) => {
      const of = iommufdOf(host, iommufd);
      if (unknown) return fail("EOPNOTSUPP");
      if (name === undefined) {
        delete of.vfioIoas;
        return succeed();
      }
      if (host.ioas(name) === null) return fail("ENOENT");
      of.vfioIoas = name;
      return succeed();
    },
  },
  "vfio-ioas-get": {
    ground:
      "drivers/iommu/iommufd/vfio_compat.c, get_compat_ioas: -ENODEV where none is set; main.c, iommufd_object_remove: nor any more " +
      "where it was destroyed",
    predict: (host, { ioas: name }) => {
      const iommufd = host.object(name)?.iommufd ?? "main";
      const { vfioIoas } = iommufdOf(host, iommufd);
      return vfioIoas === undefined ? fail("ENODEV") : succeed({ same: vfioIoas === name });
    },
  },
};
