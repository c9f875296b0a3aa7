/** A real browser for tests: Debian's Chromium without a screen, from the archive into the cache, run from there. */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { withArchive, type Archive } from "../assets/archive.ts";
import { findCacheRoot, publishEntry, readChoice, readEntry, writeChoice, type Entry } from "../assets/cache.ts";
import { withLock } from "../assets/file-lock.ts";
import { printProgress } from "../assets/print-progress.ts";
import { findLibraryFolders, unpackPackages } from "../assets/unpack-packages.ts";
import { InfrastructureError } from "../errors/harness-error.ts";

/** A browser that Playwright can start. */
export interface Browser {
  readonly executablePath: string;
  readonly environment: Readonly<Record<string, string>>;
}

const kind = "chromium";
const shell = "chromium-headless-shell";

interface Unpacked {
  readonly program: string;
  readonly libraries: readonly string[];
}

/**
 * The browser, fetched where the cache has none. It is of the machine's own release, and runs with its C library.
 * @throws {InfrastructureError} where the archive has none
 */
export async function prepareChromium(signal: AbortSignal): Promise<Browser> {
  const root = findCacheRoot();
  const report = printProgress(process.stderr);
  const found = await findChosen(root);
  if (found !== null) return browserOf(found);
  return withLock({ root, report, signal, name: kind, purpose: "fetching Chromium" }, async () => {
    const meanwhile = await findChosen(root);
    return browserOf(
      meanwhile ?? (await withArchive({ root, report, signal }, (archive) => fetch(archive, root, signal))),
    );
  });
}

async function findChosen(root: string): Promise<Entry<Unpacked> | null> {
  const choice = await readChoice<{ readonly key: string }>(root, kind);
  return choice === null ? null : readEntry<Unpacked>(root, kind, choice.key);
}

async function fetch(archive: Archive, root: string, signal: AbortSignal): Promise<Entry<Unpacked>> {
  const suite = archive.codename ?? "stable";
  if (!(await archive.ask(suite))) throw unavailable(`${suite} cannot be reached`);
  const [wanted] = await archive.find(shell);
  if (wanted === undefined) throw unavailable(`${suite} has no ${shell}`);
  const key = wanted.version.replace(/[^\w.-]/gu, "-");
  const entry = await publishEntry(root, kind, key, async (folder): Promise<Unpacked> => {
    const debs = join(folder, "debs");
    await mkdir(debs);
    const closure = await archive.downloadClosure([wanted], debs);
    // The machine's loader goes with the machine's C library.
    const own = closure.filter((path) => !/^(?:libc6|libc-bin)_/u.test(basename(path)));
    // What fontconfig depends on brings fonts.
    const tree = await unpackPackages(own, join(folder, "tree"), signal);
    const [program] = (await readdir(join(tree, "usr/lib", kind)).catch(() => [])).filter(
      (name) => name === shell || name === "headless_shell",
    );
    if (program === undefined) throw unavailable(`${shell} ${wanted.version} has no program`);
    return { program: join("usr/lib", kind, program), libraries: await findLibraryFolders(tree) };
  });
  await writeFontConfiguration(entry.folder);
  await writeChoice(root, kind, { key });
  return entry;
}

/** Nothing of the machine's own fonts: text is as wide everywhere. */
async function writeFontConfiguration(folder: string): Promise<void> {
  const lines = [
    '<?xml version="1.0"?>',
    "<fontconfig>",
    `<dir>${join(folder, "tree/usr/share/fonts")}</dir>`,
    `<cachedir>${join(folder, "fontcache")}</cachedir>`,
    "</fontconfig>",
  ];
  await writeFile(join(folder, "fonts.conf"), `${lines.join("\n")}\n`);
}

const browserOf = ({ folder, manifest }: Entry<Unpacked>): Browser => ({
  executablePath: join(folder, "tree", manifest.program),
  environment: {
    LD_LIBRARY_PATH: manifest.libraries.map((path) => join(folder, "tree", path)).join(":"),
    FONTCONFIG_FILE: join(folder, "fonts.conf"),
  },
});

const unavailable = (why: string): InfrastructureError =>
  new InfrastructureError({
    what: `Cannot fetch Chromium: ${why}`,
    remedy: "Look at the network and at apt's sources",
  });
