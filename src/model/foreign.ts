/** What becomes of a device that is to have a HWPT of another IOMMU driver. */
import { traitsOf } from "../trace/device-kinds.ts";
import type { Host } from "./host.ts";
import { fail, succeed, type Outcome } from "./rule.ts";
import type { ModelFunction } from "./state.ts";

/** Why a HWPT is none for a device: an errno, and with the quirk what becomes of it that is none. */
export interface Refusal {
  readonly errno: string;
  /** The device is taken for one of the other driver's, and the HWPT it is handed to, where that is told. */
  readonly confusedWith?: string | null;
}

/**
 * A HWPT of one IOMMU driver is not for devices of another.
 * Ground: iommu.c, __iommu_attach_group and domain_iommu_ops_compatible: -EINVAL, which device.c,
 * iommufd_device_auto_get_domain, takes for "the domain is incompatible with the device". Contract: a replace refuses what an
 * attach refuses (device.c, iommufd_device_replace: "This is the same as iommufd_device_detach(); iommufd_device_attach(); If it
 * fails then no change is made"). Quirk: iommu_replace_group_handle does not ask.
 */
export function refuseForeign(host: Host, hwpt: string, replaces: string | null): Refusal {
  const confused = replaces !== null && host.has("replace-across-drivers");
  return { errno: "EINVAL", ...(confused ? { confusedWith: hwpt } : {}) };
}

/**
 * A refusal as an outcome. After a confusion nothing can be said of the kernel any more: the mock's driver writes to what is no
 * mock, and the table that the function is registered with is freed; s390-iommu reads what is no zPCI function.
 * Ground for the call itself: selftest.c, struct mock_dev, and include/linux/pci.h, struct pci_dev, have in common what comes first
 * after their struct device. mock_domain_nop_attach takes cfg_size and irq for a virtual IOMMU that is left, and resource[0]
 * for the semaphore of it: one that is free where there is no such BAR; else whose count is an address, so that the kernel waits for nobody
 * on a list that is none. The other way round (arch/s390/include/asm/pci.h, to_zpci) sysdata and devfn are what memory holds
 * before the mock: zeros lead to a zpci_dev of NULL, since address 0 can be read on s390x, and so to -ENODEV
 * (s390_iommu_attach_device); anything else is followed.
 */
export function endWith(host: Host, { errno, confusedWith }: Refusal, fn: ModelFunction | null): Outcome {
  if (confusedWith === undefined) return fail(errno);
  host.loseTrack();
  if (fn !== null && !traitsOf(fn.profile).hasFirstBar) return succeed({ pt: confusedWith });
  return { result: { $oneOf: [...(fn === null ? ["ENODEV"] : []), "panic", "hang"] }, values: {} };
}
