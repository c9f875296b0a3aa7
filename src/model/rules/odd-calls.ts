/** VFIO's calls with PASIDs, and with arguments that no program should pass. */
import type { Host } from "../host.ts";
import { ScenarioMistake } from "../scenario-mistake.ts";
import { findMocks, isMocks } from "../mocks.ts";
import { fail, succeed, type Outcome, type Rules } from "../rule.ts";
import { refuseUnbound } from "../descriptor.ts";
import { attachFunction, bindFunction, detachFunction, unbindFunction } from "./cdev.ts";

type Call = "bind-iommufd" | "attach" | "detach";

/** What an argument is refused with before anything is done, by call. */
const refusals: Readonly<Record<Call, Readonly<Record<string, string>>>> = {
  "bind-iommufd": {
    short: "EINVAL",
    cut: "EFAULT",
    long: "E2BIG",
    flag: "EINVAL",
    negative: "EINVAL",
    closed: "EBADF",
    other: "EBADFD",
    token: "EINVAL",
    "cut-token": "EFAULT",
  },
  attach: { short: "EINVAL", "short-pasid": "EINVAL", cut: "EFAULT", "cut-pasid": "EFAULT", flag: "EINVAL" },
  detach: { short: "EINVAL", "short-pasid": "EINVAL", cut: "EFAULT", "cut-pasid": "EFAULT", flag: "EINVAL" },
};

/** Tests that come after those of the bind's argument itself. */
const afterArgument = new Set(["closed", "other", "token", "cut-token"]);

/** Arguments that come to something: the answer cannot be written, and what was done is undone. */
function answerUnwritable(host: Host, name: string, call: Call, to: string | undefined): Outcome {
  if (call === "bind-iommufd") {
    const bound = bindFunction(host, name, "main");
    if (bound.result !== "OK") return bound;
    unbindFunction(host, name);
    return fail("EFAULT");
  }
  if (call === "detach" || to === undefined)
    throw new ScenarioMistake("Only a bind or an attach to something answers");
  const before = structuredClone(host.state);
  const attached = attachFunction(host, name, to);
  if (attached.result !== "OK") return attached;
  const wasAttached = (before.functions[name]?.hwpt ?? null) !== null;
  if (wasAttached && !host.has("unwritable-answer-detaches")) {
    Object.assign(host.state, before);
    return fail("EFAULT");
  }
  detachFunction(host, name);
  // A HWPT that was made for it is gone before anybody heard of it.
  host.state.autoCount = before.autoCount;
  return fail("EFAULT");
}

/** Attach a PASID of a function, which has none. */
function attachPasid(host: Host, name: string, pasid: number, to: string): Outcome {
  const fn = host.fn(name);
  const refusal = refuseUnbound(fn);
  if (refusal !== null) return refusal;
  if (pasid > 0x7fff_ffff) return fail("ENOSPC");
  if (pasid === 0 && host.has("pasid-zero-attaches-device")) return attachPasidZero(host, name, to);
  if (isGone(host, to)) return fail("ENOENT");
  if (pasid === 0) return fail("EINVAL");
  // What an attach makes of an IOAS, and every HWPT of this driver, takes no PASIDs.
  if (!isMocks(host, to)) return fail("EINVAL");
  const hwpt = findMocks(host, "mock-hwpt", to);
  const isRefused = hwpt?.takesPasids !== true || fn.hwpt !== null;
  return fail(isRefused ? "EINVAL" : "EOPNOTSUPP");
}

/** The function itself is attached, and VFIO has PASID 0 down for it: iommufd refuses it where VFIO has the function attached already. */
function attachPasidZero(host: Host, name: string, to: string): Outcome {
  const fn = host.fn(name);
  if (fn.hwpt !== null && fn.asPasid !== true) return fail(isGone(host, to) ? "ENOENT" : "EBUSY");
  const attached = attachFunction(host, name, to);
  if (attached.result === "OK") fn.asPasid = true;
  return attached;
}

const isGone = (host: Host, name: string): boolean =>
  isMocks(host, name) ? host.state.others[name] === null : host.object(name) === null;

/** Rules of this file. */
export const oddCallRules: Rules<"pasid-attach" | "pasid-detach" | "odd-call"> = {
  "pasid-attach": {
    ground:
      "drivers/vfio/iommufd.c, vfio_iommufd_physical_pasid_attach_ioas: -ENOSPC above 2^31 - 1 (ida_alloc_range); " +
      "drivers/iommu/iommufd/device.c, iommufd_hwpt_pasid_compat: -EINVAL unless this HWPT and the function's own take PASIDs, which those " +
      "of s390-iommu.c do not; drivers/iommu/iommu.c, iommu_attach_device_pasid: -EOPNOTSUPP, for its blocking domain takes none, and " +
      '-EINVAL for PASID 0, IOMMU_NO_PASID (include/linux/iommu.h: "Reserved for DMA w/o PASID"). Quirk: iommufd takes PASID 0 for the ' +
      "function itself, and VFIO counts it among its PASIDs",
    predict: (host, { function: name, pasid, to }) => attachPasid(host, name, pasid, to),
  },
  "pasid-detach": {
    ground: "drivers/vfio/iommufd.c, vfio_iommufd_physical_pasid_detach_ioas: nothing where it is not attached",
    predict: (host, { function: name, pasid }) => {
      const fn = host.fn(name);
      const refusal = refuseUnbound(fn);
      if (refusal !== null) return refusal;
      if (pasid === 0 && fn.asPasid === true) detachFunction(host, name);
      return succeed();
    },
  },
  "odd-call": {
    ground:
      "drivers/vfio/device_cdev.c, vfio_df_ioctl_bind_iommufd, _attach_pt and _detach_pt, in the order of their tests; " +
      "vfio_pci_core_match_token_uuid: -EINVAL for a VF token that nobody asked for; where the answer cannot be written a bind and an attach " +
      'are undone; a replace, too (drivers/iommu/iommufd/device.c, iommufd_device_replace: "If it fails then no change is made to the ' +
      'attachment"). Quirk: _attach_pt detaches, whatever was attached before',
    predict: (host, { function: name, call, how, to }) => {
      const fn = host.fn(name);
      if (fn.open !== "cdev") throw new ScenarioMistake(`Function "${name}" is not open as a character device`);
      if (call !== "bind-iommufd" && fn.iommufd === null) return fail("EINVAL");
      if (how === "unwritable") return answerUnwritable(host, name, call, to);
      const errno = refusals[call][how];
      if (errno === undefined) throw new ScenarioMistake(`"${how}" is nothing that ${call} has`);
      if (call === "bind-iommufd") {
        host.state.iommufds["main"] ??= {};
        // vfio_device_block_group is first of them.
        if (fn.group.open && afterArgument.has(how)) return fail("EBUSY");
        if (fn.iommufd !== null && afterArgument.has(how)) return fail("EINVAL");
      }
      return fail(errno);
    },
  },
};
