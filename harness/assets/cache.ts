/** The cache: what was fetched and built, by content, for every clone of the project on this machine. */
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { InfrastructureError } from "../errors/harness-error.ts";
import { makeFolders } from "../lifecycle/make-folders.ts";

/** Goes up when what entries hold changes its shape: older entries are then made anew. */
const format = 1;
const manifestName = "manifest.json";

/** Folder of the cache: ZHIL_CACHE, else `zpci-hil` in XDG_CACHE_HOME, else in ~/.cache. */
export function findCacheRoot(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const own = environment["ZHIL_CACHE"];
  if (own !== undefined && own !== "") return resolve(own);
  const shared = environment["XDG_CACHE_HOME"];
  // The specification has relative paths ignored.
  return join(shared?.startsWith("/") === true ? shared : join(homedir(), ".cache"), "zpci-hil");
}

/** Something in the cache that never changes once it is there. */
export interface Entry<Manifest> {
  readonly folder: string;
  readonly manifest: Manifest;
}

/**
 * Creates a folder of the cache where it is not there yet.
 * @throws {InfrastructureError} where the cache cannot be written
 */
export async function createCacheFolder(root: string, ...names: readonly string[]): Promise<string> {
  const folder = join(root, ...names);
  await makeFolders(folder, 0o700).catch((cause: unknown) => {
    throw new InfrastructureError({
      what: `Cannot write the cache "${root}"`,
      remedy: "Point ZHIL_CACHE to a folder that can be written and has 4 GB of room",
      cause,
    });
  });
  return folder;
}

/** The entry of that kind and key, or null where there is none that is whole. */
export async function readEntry<Manifest>(root: string, kind: string, key: string): Promise<Entry<Manifest> | null> {
  const folder = join(root, kind, key);
  const stored = await readStored<Manifest>(join(folder, manifestName));
  return stored === null ? null : { folder, manifest: stored };
}

/**
 * Makes an entry: `fill` writes its files into an empty folder and says what the manifest holds. Other processes see
 * all of it or nothing. The caller holds the lock of this kind of entry.
 */
export async function publishEntry<Manifest>(
  root: string,
  kind: string,
  key: string,
  fill: (folder: string) => Promise<Manifest>,
): Promise<Entry<Manifest>> {
  const parent = await createCacheFolder(root, kind);
  const folder = join(parent, key);
  const unfinished = join(parent, `.${key}.unfinished`);
  // What killed processes left: they held the lock that is ours now.
  const left = (await readdir(parent)).filter((name) => name.endsWith(".unfinished"));
  for (const name of left) await rm(join(parent, name), { recursive: true, force: true });
  await mkdir(unfinished);
  try {
    const manifest = await fill(unfinished);
    await writeStored(join(unfinished, manifestName), manifest);
    await rm(folder, { recursive: true, force: true });
    await rename(unfinished, folder);
    return { folder, manifest };
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
}

/** What was settled earlier under a name, such as which version of the kernel source is used; null where nothing was. */
export function readChoice<Choice>(root: string, name: string): Promise<Choice | null> {
  return readStored<Choice>(join(root, "chosen", `${name}.json`));
}

/** Settles something under a name, for later runs to find. */
export async function writeChoice(root: string, name: string, choice: unknown): Promise<void> {
  const folder = await createCacheFolder(root, "chosen");
  await writeStored(join(folder, `${name}.json`), choice);
}

async function readStored<T>(path: string): Promise<T | null> {
  try {
    const stored = JSON.parse(await readFile(path, "utf8")) as { readonly format: number; readonly value: T };
    return stored.format === format ? stored.value : null;
  } catch {
    return null;
  }
}

async function writeStored(path: string, value: unknown): Promise<void> {
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, `${JSON.stringify({ format, value }, null, 2)}\n`);
  await rename(unfinished, path);
}
