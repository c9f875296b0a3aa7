/** The IOMMU group of a function and the default domain of it, which is the kernel's own. */
import { between } from "../../compare/pattern.ts";
import type { Profile } from "../../trace/profile.ts";
import { traitsOf } from "../../trace/device-kinds.ts";
import type { Host } from "../host.ts";
import { isHeldOpen, mocksOf } from "../mocks.ts";
import { ScenarioMistake } from "../scenario-mistake.ts";
import { fail, succeed, type Outcome, type Rules } from "../rule.ts";
import { isOldLine } from "../old-line.ts";
import { registerDefault, unregisterIoat } from "../platform.ts";
import type { ModelFunction } from "../state.ts";

/** The last of some parameters that say the same thing is the one that counts. */
const lastOf = (commandLine: string, parameter: string): boolean | null => {
  const found = [...commandLine.matchAll(new RegExp(`(?:^| )${parameter}=(\\S*)`, "gu"))].at(-1)?.[1];
  return found === undefined ? null : /^(?:1|y|t|on)/iu.test(found);
};

/** Whether the kernel was told to let devices through where it can. */
const isPassthrough = ({ kernel }: Profile): boolean =>
  lastOf(kernel.commandLine, String.raw`iommu\.passthrough`) === true;

/**
 * The type of a new group's default domain.
 * Ground: drivers/iommu/Kconfig, IOMMU_DEFAULT_DMA_LAZY on s390; drivers/iommu/iommu.c, iommu_subsys_init, and
 * iommu_group_alloc_default_domain for what becomes of iommu.passthrough where there is no identity domain.
 */
export function defaultTypeOf(profile: Profile): "DMA" | "DMA-FQ" {
  const { commandLine } = profile.kernel;
  const isStrict =
    lastOf(commandLine, String.raw`iommu\.strict`) === true || / s390_iommu=strict(?= |$)/u.test(` ${commandLine}`);
  return isStrict || isPassthrough(profile) ? "DMA" : "DMA-FQ";
}

/**
 * The lowest number that no group has; one of the mock's is alone in a group of its own as well.
 * Ground: drivers/iommu/iommu.c, iommu_group_alloc; drivers/iommu/iommufd/selftest.c, mock_dev_create and mock_ops, device_group.
 */
export function freeGroup(host: Host): number {
  const mocks = mocksOf(host, "mock").map(([, mock]) => mock);
  const taken = new Set([...Object.values(host.state.functions), ...mocks].map((each) => each.groupNumber));
  let number = 0;
  while (taken.has(number)) number += 1;
  return number;
}

/** A function that was scanned is alone in a group of its own. */
export function joinGroup(host: Host, name: string): void {
  host.fn(name).groupNumber = freeGroup(host);
}

/**
 * A function goes without translation: its table is unregistered, and the platform told that it needs none.
 * Ground: drivers/iommu/s390-iommu.c, s390_attach_dev_identity.
 */
function letThrough(host: Host, fn: ModelFunction): Outcome {
  if (fn.defaultType === "identity") return succeed({ type: "identity", fellBack: false });
  unregisterIoat(host, fn);
  fn.unregistered = false;
  fn.defaultType = "identity";
  host.devices.empty(fn);
  registerDefault(host, fn);
  return succeed({ type: "identity", fellBack: false });
}

/** Rules of this file. */
export const domainRules: Rules<"domain-type" | "group" | "churn"> = {
  "domain-type": {
    ground:
      "drivers/iommu/iommu.c, iommu_group_store_type: -EINVAL for an unknown type; DMA to DMA-FQ at any time, only a flush " +
      "queue is added; else -EPERM while a driver or VFIO has the group's DMA (iommu_device_use_default_domain, owner_cnt); " +
      "__iommu_group_alloc_default_domain: the type that it has keeps its domain; __iommu_alloc_identity_domain: s390-iommu.c " +
      "has an identity domain only where CLP reports relaxed translation, else -EOPNOTSUPP; iommu_group_alloc_default_domain: " +
      "what the command line asks for and cannot be had becomes DMA, with a warning. Up to 6.1 s390 has no default domains " +
      "(s390_domain_alloc): -EINVAL",
    predict: (host, { function: name, type }) => {
      const fn = host.fn(name);
      if (!fn.configured || fn.removed) return fail("ENOENT");
      if (isOldLine(host)) return fail("EINVAL");
      if (!["identity", "DMA", "DMA-FQ", "auto"].includes(type)) return fail("EINVAL");
      const addsQueue = type === "DMA-FQ" && fn.defaultType === "DMA";
      const isOwned = !fn.onDefault || fn.driven !== null;
      if (isOwned && !addsQueue) return fail("EPERM");
      if (type === "identity") return fn.offer.relaxed ? letThrough(host, fn) : fail("EOPNOTSUPP");
      if (fn.defaultType === "identity")
        throw new ScenarioMistake(`"${name}" has no table: bring it back by its driver`);
      const wanted = type === "DMA" || type === "DMA-FQ" ? type : defaultTypeOf(host.profile);
      // The function moves to a new default domain.
      if (!addsQueue && wanted !== fn.defaultType) host.devices.empty(fn);
      fn.defaultType = wanted;
      if (addsQueue && fn.driven !== null) fn.driven.queue = "empty";
      return succeed({ type: wanted, fellBack: type === "auto" && isPassthrough(host.profile) });
    },
  },
  group: {
    ground:
      "drivers/iommu/s390-iommu.c, device_group = generic_device_group: a group for each function; drivers/iommu/iommu.c, " +
      "iommu_group_alloc: the lowest free number; __iommu_group_remove_device: it goes with its function; iommu_group_show_type: " +
      "the type of the default domain, whatever is attached, and unknown without one",
    predict: (host, { function: name }) => {
      const fn = host.fn(name);
      if (Object.values(host.state.functions).some(({ profile }) => traitsOf(profile).pluggedLate)) {
        throw new ScenarioMistake("Which groups there are beside a function that is plugged late is not predicted");
      }
      if (isHeldOpen(host)) {
        throw new ScenarioMistake(
          "Mocks of an iommufd that was closed beside an open queue have groups that nobody can name",
        );
      }
      if (!fn.configured || fn.removed || fn.groupNumber === null) return fail("ENOENT");
      return succeed({ group: fn.groupNumber, type: isOldLine(host) ? "unknown" : fn.defaultType, members: [name] });
    },
  },
  churn: {
    ground:
      "drivers/iommu/iommu.c, iommu_group_store_type: the first device of the group is asked under the group's lock, -EPERM " +
      "where there is none any more, -EINVAL where there is no default domain yet; fs/kernfs: -ENOENT or -ENODEV where the " +
      "attribute is gone; an attach concerns its own group " +
      "alone (iommu_attach_group_handle), so that it works whatever becomes of others (seed 001)",
    predict: (host, { function: name, to, beside, rounds }) => {
      const fn = host.fn(name);
      const other = host.fn(beside);
      const isFree = fn.inUse && fn.hwpt === null && fn.iommufd !== null && !fn.inError;
      const ioas = host.ioas(to);
      if (!isFree || ioas === null) {
        throw new ScenarioMistake(`Churning needs "${name}" bound to an iommufd and not attached, and an IOAS`);
      }
      const { first, last } = host.reachOf(fn).aperture;
      const fits = ioas.areas.every(({ iova, length }) => iova >= first && iova + length - 1n <= last);
      // What was left registered is in the way of what is to be.
      if (!fits || fn.left !== null || fn.disabled) {
        throw new ScenarioMistake(`Churning needs an IOAS that "${name}" can be attached to`);
      }
      if (!other.configured || other.driver !== null || other.inUse || name === beside) {
        throw new ScenarioMistake(`Churning needs "${beside}" configured and without a driver`);
      }
      if (traitsOf(fn.profile).served || traitsOf(other.profile).served) {
        throw new ScenarioMistake(
          "Churning needs functions of QEMU's own: others cannot be told what they were told",
        );
      }
      host.forgetStaleIds();
      for (let round = 0; round < rounds; round += 1) {
        host.say(...["disable", "deconfigure", "configure", "enable"].map((each) => `${beside} ${each}`));
      }
      other.defaultType = defaultTypeOf(host.profile);
      other.resetMethod = "default";
      other.slotResets = !host.has("rescan-loses-slot-reset");
      // However often there was time for it.
      return succeed({ attach: 0, detach: 0, type: 0, power: 0, rounds: between(1, 1_000_000) });
    },
  },
};
