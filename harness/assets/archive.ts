/** Debian's archive as this machine reaches it: which suites answer, what they have, and how to get it. */
import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InfrastructureError } from "../errors/harness-error.ts";
import { withLock } from "./file-lock.ts";
import {
  openPrivateApt,
  provideRemedy,
  runApt,
  tryApt,
  writeSuites,
  type PrivateApt,
  type Suite,
} from "./private-apt.ts";
import type { ReportProgress } from "./progress.ts";

/** A package that a suite has. */
export interface Package {
  readonly name: string;
  readonly version: string;
  readonly suite: string;
  readonly architecture: string;
}

/** The archive, opened for a while. */
export interface Archive {
  /** The machine's own architecture. */
  readonly architecture: string;
  readonly codename: string | null;
  /** Whether a suite can be reached; where it cannot, that is reported and the suite is left out. */
  ask(suite: string, architecture?: string): Promise<boolean>;
  /** What the suites asked so far have of packages of these names. */
  find(...names: readonly string[]): Promise<readonly Package[]>;
  /** Names beginning so, of packages for the machine's own architecture. */
  listNames(prefix: string): Promise<readonly string[]>;
  /** Downloads a package into a folder, verified by apt; gives the path of the .deb file. */
  download(wanted: Package, folder: string): Promise<string>;
  /**
   * Downloads packages of one suite and one architecture with all they depend on into an empty folder; gives the paths of the
   * .deb files.
   */
  downloadClosure(wanted: readonly [Package, ...Package[]], folder: string): Promise<readonly string[]>;
}

/** What opening the archive takes. */
export interface ArchiveOptions {
  readonly root: string;
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}

/**
 * Suites by age, newest first, under names that stay when a release is made. A suite further down never has a newer
 * version: packages enter unstable, move to testing, and backports are taken from there.
 */
export const suitesByAge = [
  "unstable",
  "testing",
  "stable-backports",
  "stable",
  "oldstable-backports",
  "oldstable",
] as const;

/** The same, and release candidates last: whoever asks for no less than them finds them nowhere else. */
export const suitesWithCandidates: readonly string[] = [...suitesByAge, "experimental"];

/** A list of packages younger than this is not asked for again, in milliseconds. */
const freshness = 10 * 60 * 1000;

/**
 * Opens the archive for `action`; one process at a time.
 * @throws {InfrastructureError} where this machine has no archive of Debian's
 */
export function withArchive<T>(options: ArchiveOptions, action: (archive: Archive) => Promise<T>): Promise<T> {
  const { root, signal } = options;
  return withLock({ ...options, name: "apt", purpose: "fetching from the archive" }, async () =>
    action(makeArchive(await openPrivateApt(root, signal), options)),
  );
}

function makeArchive(apt: PrivateApt, { report, signal }: ArchiveOptions): Archive {
  const asked: Suite[] = [];
  return {
    architecture: apt.architecture,
    codename: apt.codename,
    ask: async (name, architecture = apt.architecture) => {
      const suite = { name, architecture };
      await writeSuites(apt, [...asked, suite]);
      const reason = await updateLists(apt, suite, signal);
      if (reason === null) asked.push(suite);
      else {
        report({ kind: "note", text: `Suite "${name}" is not reachable: ${reason}` });
        await writeSuites(apt, asked);
      }
      return reason === null;
    },
    find: async (...names) => {
      if (names.length === 0) return [];
      const run = { command: "apt-cache", arguments: ["madison", ...names], signal };
      return parseMadison(await runApt(apt, { ...run, purpose: `look for ${names.join(", ")}` }));
    },
    listNames: async (prefix) => {
      const run = { command: "apt-cache", arguments: ["pkgnames", prefix], signal };
      const names = await runApt(apt, { ...run, purpose: `list packages ${prefix}*` });
      return names.split("\n").filter(Boolean).sort();
    },
    download: async (wanted, folder) => {
      const before = await listDebs(folder);
      await runApt(apt, {
        command: "apt-get",
        arguments: ["download", "-q", spell(wanted)],
        folder,
        purpose: `fetch ${wanted.name} ${wanted.version}`,
        signal,
      });
      const [deb] = (await listDebs(folder)).filter((path) => !before.includes(path));
      if (deb === undefined)
        throw new InfrastructureError({ what: `Cannot fetch ${wanted.name}: apt-get downloaded nothing` });
      return deb;
    },
    downloadClosure: async (wanted, folder) => {
      const [{ suite, architecture }] = wanted;
      await mkdir(join(folder, "partial"), { recursive: true });
      await runApt(apt, {
        command: "apt-get",
        arguments: [
          ...["install", "-q", "--yes", "--download-only", "--no-install-recommends", "-t", suite],
          // Another machine's packages depend on each other as they would there.
          ...[
            "-o",
            `Dir::Cache::archives=${folder}`,
            "-o",
            `APT::Architecture=${architecture}`,
            ...wanted.map(spell),
          ],
        ],
        purpose: `fetch ${wanted.map(({ name, version }) => `${name} ${version}`).join(", ")} with what they depend on`,
        signal,
      });
      return listDebs(folder);
    },
  };
}

/** Fetches the lists of the suites asked; null where the suite's is there now, else why not. */
async function updateLists(apt: PrivateApt, suite: Suite, signal: AbortSignal): Promise<string | null> {
  const stamp = join(apt.folder, `asked-${suite.name}-${suite.architecture}`);
  const age =
    Date.now() -
    (await stat(stamp).then(
      (found) => found.mtimeMs,
      () => 0,
    ));
  let reason = "it has no list of packages";
  if (age < 0 || age > freshness) {
    const run = { command: "apt-get", arguments: ["update", "-q"], purpose: "update the lists of packages", signal };
    const { stdout, stderr } = await tryApt(apt, run);
    reason = readUpdateError(`${stdout}\n${stderr}`, suite.name) ?? reason;
  }
  const format = "$(CREATED_BY) $(RELEASE) $(ARCHITECTURE)";
  const targets = await runApt(apt, {
    command: "apt-get",
    arguments: ["indextargets", "--format", format],
    purpose: "see which lists there are",
    signal,
  });
  if (!targets.split("\n").includes(`Packages ${suite.name} ${suite.architecture}`)) return reason;
  if (age < 0 || age > freshness) await writeFile(stamp, "");
  return null;
}

/** Why a suite could not be had, out of what `apt-get update` said. */
export function readUpdateError(output: string, suite: string): string | null {
  const lines = output.split("\n");
  const at = lines.findIndex(
    (line) => line.startsWith("Err:") && line.split(" ").some((word) => word.split("/")[0] === suite),
  );
  const detail = lines[at + 1]?.trim();
  if (at >= 0 && detail !== undefined) return detail;
  return (
    lines
      .find((line) => /^[EW]:/.test(line))
      ?.slice(2)
      .trim() ?? null
  );
}

/** Reads `apt-cache madison`: name, version, and where from. */
export function parseMadison(text: string): readonly Package[] {
  const packages: Package[] = [];
  for (const line of text.split("\n")) {
    const [name, version, from] = line.split("|").map((field) => field.trim());
    const [, location, architecture, kind] = from?.split(" ") ?? [];
    const suite = location?.split("/")[0];
    if (kind !== "Packages" || architecture === undefined || suite === undefined) continue;
    // Of an architecture other than the machine's own the name says so.
    const [bare] = name?.split(":") ?? [];
    if (bare !== undefined && version !== undefined) packages.push({ name: bare, version, suite, architecture });
  }
  return packages;
}

/** The error where no suite had what was looked for, with what was wrong with each. */
export function makeNotFoundError(what: string, reasons: readonly string[]): InfrastructureError {
  const tried = reasons.length === 0 ? "no suite of the archive can be reached" : reasons.join("; ");
  return new InfrastructureError({
    what: `Cannot fetch ${what}: ${tried}`,
    remedy: `Look at the network and at apt's sources. ${provideRemedy}`,
  });
}

function spell(wanted: Package): string {
  return `${wanted.name}:${wanted.architecture}=${wanted.version}`;
}

async function listDebs(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => name.endsWith(".deb"))
    .map((name) => join(folder, name))
    .sort();
}
