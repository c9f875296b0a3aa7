/** PASIDs of iommufd's mock device: attached, replaced, detached, each by itself. */
import type { Host } from "../host.ts";
import type { Mock } from "../mock-state.ts";
import { findMocks } from "../mocks.ts";
import { fail, succeed, type Rules } from "../rule.ts";
import { answerFor } from "./faults.ts";
import { refuseMade, resolveTarget, type Target } from "./mock.ts";

/** One more than the largest PASID of a mock with PASIDs (iommufd_test.h, MOCK_PASID_WIDTH). */
const pasidLimit = 2 ** 20;
/** The PASID of which the mock's driver fails every other attach that follows another (selftest.c, mock_domain_set_dev_pasid_nop). */
const stumblingPasid = 1024;

/** Whether a PASID of a mock can be attached: what an attach makes of an IOAS takes none, nor does another driver's HWPT. */
function takesPasid(host: Host, mock: Mock, target: Target): boolean {
  const own = findMocks(host, "mock-hwpt", mock.hwpt);
  return mock.hasPasids && target.kind === "mock-hwpt" && target.hwpt.takesPasids && own?.takesPasids === true;
}

/** Rules of this file. */
export const mockPasidRules: Rules<
  "mock-pasid-attach" | "mock-pasid-replace" | "mock-pasid-check" | "mock-pasid-detach"
> = {
  "mock-pasid-attach": {
    ground:
      "drivers/iommu/iommufd/device.c, iommufd_hw_pagetable_attach and iommufd_hwpt_pasid_compat: -EINVAL unless this HWPT and that " +
      "of the device itself take PASIDs; -EBUSY where the PASID is attached; iommu.c, dev_iommu_get_max_pasids and " +
      "iommu_attach_device_pasid: -EINVAL above those of 20 bits, and a mock without PASIDs has one, which is none",
    predict: (host, { mock: name, pasid, to }) => {
      const mock = findMocks(host, "mock", name);
      if (mock === null) return fail("ENOENT");
      const target = resolveTarget(host, mock.iommufd, to);
      if (target.kind === "refused") return fail(target.errno);
      if (mock.pasids[pasid] !== undefined) return fail("EBUSY");
      if (!takesPasid(host, mock, target)) return fail("EINVAL");
      if (pasid >= pasidLimit) return fail("EINVAL");
      mock.pasids[pasid] = target.name;
      mock.stumbles = pasid === stumblingPasid || mock.stumbles;
      return succeed();
    },
  },
  "mock-pasid-replace": {
    ground:
      "drivers/iommu/iommufd/device.c, iommufd_device_do_replace: -EINVAL where the PASID is not attached, or is to have what is made " +
      "of an IOAS, if that can be made; the page requests that came by that attachment are answered, no others; where the driver fails nothing changes",
    predict: (host, { mock: name, pasid, to }) => {
      const mock = findMocks(host, "mock", name);
      if (mock === null) return fail("ENOENT");
      const target = resolveTarget(host, mock.iommufd, to);
      if (target.kind === "refused") return fail(target.errno);
      if (target.kind === "ioas") return fail(refuseMade(host, target.name));
      const old = mock.pasids[pasid];
      if (old === undefined) return fail("EINVAL");
      if (target.name === old) return succeed();
      if (!takesPasid(host, mock, target)) return fail("EINVAL");
      if (pasid === stumblingPasid) {
        mock.stumbles = !mock.stumbles;
        if (!mock.stumbles) return fail("ENOMEM");
      }
      mock.pasids[pasid] = target.name;
      answerFor(host, name, pasid, old);
      return succeed();
    },
  },
  "mock-pasid-check": {
    ground:
      "drivers/iommu/iommufd/selftest.c, iommufd_test_pasid_check_hwpt, which asks iommu.c, iommu_attach_handle_get: -EINVAL where another " +
      "HWPT is attached, or one at all where none should be",
    predict: (host, { mock: name, pasid, to }) => {
      const mock = findMocks(host, "mock", name);
      if (mock === null) return fail("ENOENT");
      const attached = pasid === 0 ? mock.hwpt : mock.pasids[pasid];
      if (to === undefined) return attached === undefined ? succeed() : fail("EINVAL");
      const target = resolveTarget(host, mock.iommufd, to);
      if (target.kind === "refused") return fail(target.errno);
      return target.name === attached ? succeed() : fail("EINVAL");
    },
  },
  "mock-pasid-detach": {
    ground:
      "drivers/iommu/iommufd/device.c, iommufd_hw_pagetable_detach: nothing where it is not attached; the page requests that came by " +
      "that attachment are answered, no others",
    predict: (host, { mock: name, pasid }) => {
      const mock = findMocks(host, "mock", name);
      if (mock === null) return fail("ENOENT");
      const old = mock.pasids[pasid];
      if (old === undefined) return succeed();
      Reflect.deleteProperty(mock.pasids, pasid);
      if (pasid === stumblingPasid) mock.stumbles = false;
      answerFor(host, name, pasid, old);
      return succeed();
    },
  },
};
