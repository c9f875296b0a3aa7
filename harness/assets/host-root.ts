/**
 * The root file system of an emulated host: QEMU for s390x, an SSH server and a shell out of Debian's s390x packages, no
 * more of them than these need. One archive that the kernel unpacks; whose keys it has is another's affair.
 */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeNotFoundError, suitesByAge, withArchive, type Archive, type Package } from "./archive.ts";
import type { Initramfs } from "./assets.ts";
import { createCacheFolder, publishEntry, readChoice, readEntry, writeChoice } from "./cache.ts";
import { collectLibraries } from "./collect-libraries.ts";
import { writeCpio } from "./cpio.ts";
import { compareVersions, upstreamOf } from "./debian-version.ts";
import { digestBytes, makeKey } from "./digest.ts";
import { preferredQemu } from "./fetch-qemu.ts";
import { withLock } from "./file-lock.ts";
import { listRootMembers, wantedFiles, type OwnFiles } from "./host-root-members.ts";
import type { Preparation } from "./preparation.ts";
import { projectRoot } from "./project-root.ts";
import { unpackPackages } from "./unpack-packages.ts";

const kind = "host-root";
const archiveName = "root.cpio";
const architecture = "s390x";
const ownFiles = join(projectRoot, "guests/host");
const packageNames = Object.keys(wantedFiles) as (keyof typeof wantedFiles)[];

/** A host's root, and what is on it. */
export interface HostRoot extends Initramfs {
  /** Version of its QEMU, such as `11.1.3`. */
  readonly qemu: string;
}

interface BuiltRoot {
  readonly digest: string;
  readonly qemu: string;
}

/** Which packages were taken. */
interface RootChoice {
  readonly suite: string;
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * The root of an emulated host, from the cache or out of the archive's newest packages.
 * @throws {InfrastructureError} where they cannot be had
 */
export async function prepareHostRoot(preparation: Preparation): Promise<HostRoot> {
  const { root, update } = preparation;
  const own = await readOwnFiles();
  const find = async (): Promise<HostRoot | null> => {
    const choice = update ? null : await readChoice<RootChoice>(root, kind);
    return choice === null ? null : findBuilt(root, keyOf(choice, own));
  };
  const known = await find();
  if (known !== null) return known;
  return withLock({ ...preparation, name: kind, purpose: "making the root of an emulated host" }, async () => {
    return (await find()) ?? (await withArchive(preparation, (archive) => fetchRoot(preparation, archive, own)));
  });
}

async function findBuilt(root: string, key: string): Promise<HostRoot | null> {
  const entry = await readEntry<BuiltRoot>(root, kind, key);
  return entry === null ? null : { path: join(entry.folder, archiveName), ...entry.manifest };
}

const keyOf = ({ versions }: RootChoice, own: OwnFiles): string =>
  makeKey({ ...versions, own: digestBytes(Buffer.concat([own.init, own.inittab])), format: "2" });

async function readOwnFiles(): Promise<OwnFiles> {
  const read = (name: string): Promise<Buffer> => readFile(join(ownFiles, name));
  return { init: await read("init"), inittab: await read("inittab") };
}

async function fetchRoot({ root, report, signal }: Preparation, archive: Archive, own: OwnFiles): Promise<HostRoot> {
  const packages = await choosePackages(archive);
  const [{ suite, version }] = packages;
  const choice = { suite, versions: Object.fromEntries(packages.map((each) => [each.name, each.version])) };
  const entry = await publishEntry<BuiltRoot>(root, kind, keyOf(choice, own), async (folder) => {
    report({ kind: "step", text: `Fetching QEMU ${version} and an SSH server for an emulated host from ${suite}` });
    const tree = join(folder, "tree");
    const debs = await archive.downloadClosure(packages, await createCacheFolder(folder, "debs"));
    await unpackPackages(debs, tree, signal);
    const programs = Object.values(wantedFiles).flatMap((files) => Object.keys(files));
    const libraries = await collectLibraries({ tree, programs, signal });
    const packed = writeCpio(await listRootMembers({ tree, libraries, ...own }));
    await writeFile(join(folder, archiveName), packed);
    for (const name of ["tree", "debs"]) await rm(join(folder, name), { recursive: true, force: true });
    return { digest: digestBytes(packed), qemu: upstreamOf(version).replace(/[^\d.].*$/u, "") };
  });
  await writeChoice(root, kind, choice);
  return { path: join(entry.folder, archiveName), ...entry.manifest };
}

/** All packages from one suite, so that their libraries go together: the newest that has a QEMU with what is wanted. */
async function choosePackages(archive: Archive): Promise<readonly [Package, ...Package[]]> {
  const reasons: string[] = [];
  for (const suite of suitesByAge) {
    if (!(await archive.ask(suite, architecture))) {
      reasons.push(`${suite} cannot be reached`);
      continue;
    }
    const there = (await archive.find(...packageNames)).filter(
      (each) => each.suite === suite && each.architecture === architecture,
    );
    const newest = packageNames.map((name) =>
      there.filter((each) => each.name === name).sort((a, b) => compareVersions(b.version, a.version)),
    );
    const [qemu, ...others] = newest.flatMap(([first]) => (first === undefined ? [] : [first]));
    if (qemu === undefined || others.length < packageNames.length - 1) reasons.push(`${suite} lacks some of it`);
    else if (compareVersions(upstreamOf(qemu.version), preferredQemu) >= 0) return [qemu, ...others];
    else reasons.push(`${suite} has QEMU ${qemu.version}, before ${preferredQemu}`);
  }
  throw makeNotFoundError(`${packageNames.join(", ")} for ${architecture}`, reasons);
}
