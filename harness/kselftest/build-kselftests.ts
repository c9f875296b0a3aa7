/** Builds tests out of a kernel's source, statically, and packs them as an archive that is unpacked over the agent's. */
import { copyFile, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { readAgentParts } from "../assets/agent-parts.ts";
import type { Initramfs } from "../assets/assets.ts";
import { publishEntry, readEntry } from "../assets/cache.ts";
import { writeCpio, type CpioMember } from "../assets/cpio.ts";
import { digestBytes, makeKey } from "../assets/digest.ts";
import { withLock } from "../assets/file-lock.ts";
import type { Preparation } from "../assets/preparation.ts";
import { runTool } from "../assets/run-tool.ts";
import { UsageError } from "../errors/harness-error.ts";
import { findCompiler } from "../kernel/compiler.ts";
import { guestFolder, kselftestFixtures, type Collection } from "./collection.ts";

const buildLimit = 2 * 60 * 1000;
const archiveName = "kselftest.gz";
const kind = "kselftest";

interface BuiltTests {
  readonly digest: string;
}

/** Where tests are taken from. */
export interface TestSource {
  /** Top of the kernel source. */
  readonly folder: string;
  /** Version of a source that never changes; null for one of somebody's own, which may from day to day. */
  readonly version: string | null;
  /** Runs what reads the source while nobody changes it. */
  readonly reserve: <T>(action: () => Promise<T>) => Promise<T>;
}

/**
 * The archive of a collection's programs.
 * @throws {UsageError} where the source has no such tests; {InfrastructureError} where they do not compile
 */
export async function buildKselftests(
  preparation: Preparation,
  collection: Collection,
  { folder: source, version, reserve }: TestSource,
): Promise<Initramfs> {
  const { root, signal } = preparation;
  const compiler = await findCompiler(signal);
  const parts = await readAgentParts(root);
  const key = makeKey({
    collection: collection.name,
    compiler: compiler.version,
    headers: parts?.manifest.headersVersion ?? "the compiler's own",
    sources: version ?? (await digestFiles(await listSources(collection, source))),
    ours: await digestFiles([join(kselftestFixtures, "include/sys/capability.h")]),
  });
  const known = await readEntry<BuiltTests>(root, kind, key);
  if (known !== null) return { path: join(known.folder, archiveName), digest: known.manifest.digest };
  const includes = parts === null ? [] : [join(parts.folder, parts.manifest.headers)];
  const { folder, manifest } = await withLock({ ...preparation, name: kind, purpose: "building tests" }, (lock) =>
    publishEntry<BuiltTests>(root, kind, key, (unfinished) =>
      reserve(async () => {
        await listSources(collection, source);
        const build = { source, includes, prefix: compiler.prefix, lock };
        const archive = await compileAll(preparation, collection, build, unfinished);
        await writeFile(join(unfinished, archiveName), archive);
        return { digest: digestBytes(archive) };
      }),
    ),
  );
  return { path: join(folder, archiveName), digest: manifest.digest };
}

/** What programs are compiled with. */
interface Compilation {
  readonly source: string;
  /** Folders of headers, but for those that must be the source's. */
  readonly includes: readonly string[];
  readonly prefix: string;
  /** Descriptor that the compiler holds as long as it runs. */
  readonly lock: number;
}

/** The programs as an archive, compiled in a folder that is left as it was. */
async function compileAll(
  { report, signal }: Preparation,
  collection: Collection,
  { source, includes, prefix, lock }: Compilation,
  folder: string,
): Promise<Buffer> {
  report({ kind: "step", text: `Building the kernel's own tests, ${collection.name}` });
  const headers = join(folder, "include");
  for (const name of collection.headers) {
    await mkdir(dirname(join(headers, name)), { recursive: true });
    await copyFile(join(source, "include/uapi", name), join(headers, name));
  }
  const members: CpioMember[] = [{ path: guestFolder, kind: "folder", mode: 0o755 }];
  for (const name of collection.programs) {
    const output = join(folder, name);
    await runTool({
      command: `${prefix}gcc`,
      arguments: [
        // Headers that are not installed still have what scripts/headers_install.sh takes out.
        ...["-O2", "-static", "-s", "-D_GNU_SOURCE=", "-D__user=", "-Itools/testing/selftests"],
        ...[headers, join(kselftestFixtures, "include"), ...includes].map((each) => `-isystem${each}`),
        ...["-o", output, `${collection.folder}/${name}.c`],
      ],
      purpose: `build the kernel's own test "${name}"`,
      // What a program says of a place in its source is relative to the source.
      folder: source,
      signal,
      limit: buildLimit,
      descriptor: lock,
    });
    members.push({ path: `${guestFolder}/${name}`, kind: "file", mode: 0o755, content: await readFile(output) });
    await rm(output);
  }
  await rm(headers, { recursive: true });
  return gzipSync(writeCpio(members));
}

/** Release of a source, without what a build adds: `7.2.13`. */
export async function readSourceVersion(source: string): Promise<string> {
  const text = await readFile(join(source, "Makefile"), "utf8").catch((cause: unknown) => {
    throw new UsageError({
      what: `Cannot use the kernel source "${source}"`,
      remedy: "Give the top of a source tree",
      cause,
    });
  });
  const read = (name: string): string | undefined => new RegExp(`^${name} = (\\d+)$`, "mu").exec(text)?.[1];
  const [version, patchLevel, subLevel] = ["VERSION", "PATCHLEVEL", "SUBLEVEL"].map(read);
  if (version !== undefined && patchLevel !== undefined) return `${version}.${patchLevel}.${subLevel ?? "0"}`;
  throw new UsageError({ what: `Cannot use the kernel source "${source}": its Makefile names no version` });
}

/**
 * Everything of the source that has a part in the programs.
 * @throws {UsageError} where it has no such tests
 */
async function listSources({ folder, headers }: Collection, source: string): Promise<readonly string[]> {
  const own = (await readdir(join(source, folder)).catch((): string[] => [])).filter((name) => /\.[ch]$/u.test(name));
  if (own.length === 0) {
    throw new UsageError({
      what: `Cannot build the kernel's own tests: "${source}" has none in "${folder}"`,
      remedy: "Give the source of a kernel that has iommufd, 6.2 or later",
    });
  }
  const common = ["kselftest_harness.h", "kselftest.h"].map((name) => `tools/testing/selftests/${name}`);
  return [
    ...[...own.sort().map((name) => join(folder, name)), ...common, "drivers/iommu/iommufd/iommufd_test.h"].map(
      (name) => join(source, name),
    ),
    ...headers.map((name) => join(source, "include/uapi", name)),
  ];
}

async function digestFiles(paths: readonly string[]): Promise<string> {
  const texts = await Promise.all(
    paths.map((path) =>
      readFile(path).catch((cause: unknown) => {
        throw new UsageError({ what: `Cannot build the kernel's own tests: cannot read "${path}"`, cause });
      }),
    ),
  );
  return digestBytes(texts.map((text) => digestBytes(text)).join("\n"));
}
