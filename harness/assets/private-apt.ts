/**
 * An apt of our own, in a folder of the cache: it sees the machine's archive in any suite, for this architecture and
 * s390x, without root and without touching the system. It can download and never install: its dpkg is /bin/false.
 */
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InfrastructureError } from "../errors/harness-error.ts";
import { findDebianSource, isRemote, readAptSources, type AptSource } from "./apt-sources.ts";
import { createCacheFolder } from "./cache.ts";
import { runTool, tryTool, type Tool, type ToolResult } from "./run-tool.ts";

/** A suite for an architecture: one list of packages. */
export interface Suite {
  readonly name: string;
  readonly architecture: string;
}

/** The private apt: where it lies and what it asks. */
export interface PrivateApt {
  readonly folder: string;
  /** Debian's name of the machine's own architecture, such as `amd64`. */
  readonly architecture: string;
  /** Name of the machine's own release, null where it tells none. */
  readonly codename: string | null;
  readonly source: AptSource;
}

/** Remedy where there is no archive to fetch from. */
export const provideRemedy =
  "Provide what was to be fetched: ZHIL_QEMU= a qemu-system-s390x of 10.0 or later, ZHIL_KERNEL= a bzImage, ZHIL_AGENT= the agent built for s390x";

const aptLimit = 15 * 60 * 1000;
const keyrings = ["/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp"];

/**
 * Sets the private apt up. The caller holds its lock.
 * @throws {InfrastructureError} where this machine has no apt or no source that serves Debian
 */
export async function openPrivateApt(root: string, signal: AbortSignal): Promise<PrivateApt> {
  const folder = await createCacheFolder(root, "apt");
  const codename = readCodename(await readFile("/etc/os-release", "utf8").catch(() => ""));
  const source = findDebianSource(await readAptSources("/etc/apt"), codename);
  if (source === null) {
    throw new InfrastructureError({
      what: `Cannot fetch from Debian's archive: no apt source of this machine serves Debian${codename === null ? "" : ` ${codename}`}`,
      remedy: provideRemedy,
    });
  }
  const ask = (command: string, ...words: readonly string[]): Promise<string> =>
    runTool({
      command,
      arguments: words,
      purpose: "ask apt for its settings",
      signal,
      limit: aptLimit,
      remedy: provideRemedy,
    });
  const architecture = (await ask("dpkg", "--print-architecture")).trim();
  const settings = selectAcquireSettings(await ask("apt-config", "dump", "Acquire"));
  for (const name of ["lists/partial", "archives/partial", "sources"]) await createCacheFolder(folder, name);
  await writeFile(join(folder, "status"), "");
  await writeFile(join(folder, "apt.conf"), renderConfiguration(folder, architecture, settings));
  return { folder, architecture, codename, source };
}

/** One of apt's programs, and what for. */
export type AptRun = Pick<Tool, "command" | "arguments" | "purpose" | "signal" | "folder">;

/** Runs one of apt's programs in the private root, whatever it ends with. */
export function tryApt(apt: PrivateApt, run: AptRun): Promise<ToolResult> {
  return tryTool({ ...run, limit: aptLimit, environment: { APT_CONFIG: join(apt.folder, "apt.conf") } });
}

/** Runs one of apt's programs in the private root and hands back what it printed. */
export function runApt(apt: PrivateApt, run: AptRun): Promise<string> {
  return runTool({ ...run, limit: aptLimit, environment: { APT_CONFIG: join(apt.folder, "apt.conf") } });
}

/** Which suites the private apt knows from now on. */
export async function writeSuites(apt: PrivateApt, suites: readonly Suite[]): Promise<void> {
  const keyring = keyrings.find((path) => existsSync(path)) ?? null;
  const text = suites.map((suite) => renderSuite(apt.source, suite, keyring)).join("\n");
  await writeFile(join(apt.folder, "sources", "archive.sources"), text);
}

/** A suite of the archive as deb822 spells it, trusted as far as the machine trusts its own source. */
export function renderSuite(source: AptSource, suite: Suite, keyring: string | null): string {
  const fields = new Map(source.fields);
  if (keyring !== null && !fields.has("Signed-By")) fields.set("Signed-By", keyring);
  return [
    "Types: deb",
    `URIs: ${source.uris.filter(isRemote).join(" ")}`,
    `Suites: ${suite.name}`,
    "Components: main",
    `Architectures: ${suite.architecture}`,
    ...[...fields].map(([name, value]) => `${name}: ${value}`),
    "",
  ].join("\n");
}

/** The machine's settings of how to acquire (proxies, retries, dates) out of `apt-config dump`; what to acquire is not among them. */
export function selectAcquireSettings(dump: string): readonly string[] {
  return dump
    .split("\n")
    .filter((line) => /^Acquire::.*"[^"]+";$/.test(line))
    .filter(
      (line) => !/^Acquire::(IndexTargets|Changelogs|Languages|CompressionTypes|GzipIndexes|cdrom)\b/.test(line),
    );
}

/** Name of the release out of os-release(5). */
export function readCodename(osRelease: string): string | null {
  return /^VERSION_CODENAME="?([\w-]+)"?$/m.exec(osRelease)?.[1] ?? null;
}

/** The whole configuration: the machine's own files are not read, so that none of its hooks can run. */
export function renderConfiguration(folder: string, architecture: string, settings: readonly string[]): string {
  const architectures = [...new Set([architecture, "s390x"])].map((name) => `"${name}";`).join(" ");
  return [
    ...settings,
    'Dir::Bin::dpkg "/bin/false";',
    `Dir::State "${folder}";`,
    `Dir::State::lists "${folder}/lists";`,
    `Dir::State::status "${folder}/status";`,
    `Dir::Cache "${folder}";`,
    `Dir::Cache::archives "${folder}/archives";`,
    `Dir::Log "${folder}";`,
    'Dir::Etc::main "/dev/null";',
    'Dir::Etc::parts "/dev/null";',
    'Dir::Etc::sourcelist "/dev/null";',
    `Dir::Etc::sourceparts "${folder}/sources";`,
    'Dir::Etc::preferences "/dev/null";',
    'Dir::Etc::preferencesparts "/dev/null";',
    `APT::Architecture "${architecture}";`,
    `APT::Architectures { ${architectures} };`,
    // Lists of suites that are not asked this time stay for the time that they are.
    'APT::Get::List-Cleanup "false";',
    'APT::Sandbox::User "root";',
    'Acquire::Languages { "none"; };',
    'Acquire::GzipIndexes "true";',
    "",
  ].join("\n");
}
