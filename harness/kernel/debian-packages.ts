/** Which packages of the archive are a ready-made kernel. Nothing here knows a version. */
import { makeNotFoundError, suitesWithCandidates, type Archive, type Package } from "../assets/archive.ts";
import { compareVersions } from "../assets/debian-version.ts";
import { UsageError } from "../errors/harness-error.ts";
import { isVersion, spellDebianName } from "./debian-name.ts";

/** A kernel that a suite has. */
export interface DebianKernelPackages {
  /** As `uname -r` gives it: what the names of its packages end with. */
  readonly release: string;
  /** Version of its packages, such as `6.12.107-1`. */
  readonly version: string;
  readonly suite: string;
  /** One package up to 6.12; image, modules and configuration apart from each other later. */
  readonly packages: readonly Package[];
}

const architecture = "s390x";
const namePattern = /^linux-(image|binary|modules|base)-(\d.*-s390x)$/;

/**
 * The newest kernel of a version that a suite has; suites are asked newest first, and the first that has one is taken,
 * for those further down have no newer one.
 * @throws {UsageError} naming the versions there are, where none is of that version; {InfrastructureError} where no
 *   suite can be reached
 */
export async function findDebianKernel(archive: Archive, wanted: string): Promise<DebianKernelPackages> {
  const reasons: string[] = [];
  const there = new Set<string>();
  for (const suite of suitesWithCandidates) {
    const kernels = await askForKernels(archive, suite);
    if (kernels === null) {
      reasons.push(`${suite} cannot be reached`);
      continue;
    }
    const found = kernels.find(({ version }) => isVersion(version, wanted));
    if (found !== undefined) return found;
    for (const { version } of kernels) there.add(version);
  }
  if (there.size === 0) throw makeNotFoundError(`the kernel "${spellDebianName(wanted)}"`, reasons);
  const unreached = reasons.length === 0 ? "" : ` (${reasons.join("; ")})`;
  throw new UsageError({
    what: `Cannot find the kernel "${spellDebianName(wanted)}": the archive has ${[...there].sort(compareVersions).join(", ")}${unreached}`,
    remedy: `Ask for one of these, or for the beginning of one, such as ${spellDebianName("6.12")}`,
  });
}

/** Versions of all kernels that suites have which can be reached. */
export async function listArchivedVersions(archive: Archive): Promise<readonly string[]> {
  const versions = new Set<string>();
  for (const suite of suitesWithCandidates)
    for (const { version } of (await askForKernels(archive, suite)) ?? []) versions.add(version);
  return [...versions];
}

/** The kernels of a suite, newest first; null where it cannot be reached. */
async function askForKernels(archive: Archive, suite: string): Promise<readonly DebianKernelPackages[] | null> {
  if (!(await archive.ask(suite, architecture))) return null;
  const names = (await archive.listNames("linux-")).filter((name) => namePattern.test(name));
  return listKernels(await archive.find(...names), suite);
}

/** The kernels among the packages of a suite, newest first. */
export function listKernels(packages: readonly Package[], suite: string): readonly DebianKernelPackages[] {
  const kernels = new Map<string, DebianKernelPackages>();
  for (const each of packages) {
    const release = namePattern.exec(each.name)?.[2];
    if (release === undefined || each.suite !== suite || each.architecture !== architecture) continue;
    const key = `${release} ${each.version}`;
    const others = kernels.get(key)?.packages ?? [];
    kernels.set(key, { release, version: each.version, suite, packages: [...others, each] });
  }
  return [...kernels.values()].sort((a, b) => compareVersions(b.version, a.version));
}
