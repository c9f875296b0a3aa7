/** The profile of a real host: all that a prediction may depend on, and nothing that tells whose it is. */
import type { Platform, Profile } from "../../src/trace/profile.ts";
import { UsageError } from "../errors/harness-error.ts";
import type { HostFacts, HostFunction } from "./examine-host.ts";
import { spellFid, type HostConfig } from "./host-config.ts";

/** Parameters of the command line that the model or a reader may look at; of the others the names are kept. */
const ofInterest = /^(?:iommu|s390_iommu|pci|vfio|kvm|nvme|loglevel|panic)/u;
const maxIova = (1n << 64n) - 1n;

/**
 * The profile of scenarios on these functions.
 * @throws {UsageError} where the functions may reach different IOVAs: no plan could be made for both
 */
export function describeProfile(facts: HostFacts, config: HostConfig): Omit<Profile, "functions"> {
  const { release, digest, options, commandLine, memoryMiB, cpus, hypervisor } = facts;
  const platform = describePlatform(facts, config);
  return {
    bench: "lpar",
    kernel: {
      version: release,
      digest: `sha256:${digest}`,
      options,
      commandLine: withoutValues(commandLine),
      patches: [],
    },
    qemu: { version: "none", digest: "none" },
    ...(hypervisor === null ? {} : { hypervisor }),
    ...(platform === null ? {} : { platform }),
    ...{ memoryMiB, cpus },
  };
}

/** `root=/dev/dasda1` tells of a machine, and becomes `root=…`. */
export const withoutValues = (commandLine: string): string =>
  commandLine
    .split(/\s+/u)
    .filter((word) => word !== "")
    .map((word) => (ofInterest.test(word) ? word : word.replace(/[=:].*/su, "=…")))
    .join(" ");

/** What the platform says; null where the functions' groups tell of no IOVA that may not be used. */
function describePlatform(facts: HostFacts, config: HostConfig): Platform | null {
  const used = config.functions.flatMap(({ fid }) => facts.functions.filter((each) => each.fid === Number(fid)));
  const apertures = used.flatMap((each) => apertureOf(each) ?? []);
  const [first] = apertures;
  if (first === undefined || apertures.length < used.length) return null;
  if (apertures.some((each) => each.first !== first.first || each.last !== first.last)) {
    throw new UsageError({
      what: `Cannot use functions ${used.map(({ fid }) => spellFid(fid)).join(", ")} together: they reach different IOVAs`,
      remedy: "Name those that reach the same, one kind of device for instance",
    });
  }
  const hex = (value: bigint): string => `0x${value.toString(16)}`;
  return {
    aperture: { first: hex(first.first), last: hex(first.last) },
    // z/VM and KVM shadow tables and want to be told (arch/s390/pci/pci_clp.c: response->refresh); an LPAR's tables are the real ones.
    refresh: facts.hypervisor !== null,
  };
}

/**
 * What is left between the regions that the driver keeps out.
 * Ground: drivers/iommu/s390-iommu.c, s390_iommu_get_resv_regions: below start_dma, and above end_dma up to the end of the largest table.
 */
function apertureOf({ reserved }: HostFunction): { readonly first: bigint; readonly last: bigint } | null {
  const below = reserved.find((each) => each.first === 0n);
  const above = reserved.find((each) => each.first > 0n);
  if (below === undefined || below.last === maxIova || above === undefined || above.first <= below.last) return null;
  return { first: below.last + 1n, last: above.first - 1n };
}
