import { access, constants, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { tryTool } from "../assets/run-tool.ts";
import { fine, missing, warning, type Finding } from "./finding.ts";

/** Bytes that the first setup takes: source, build folders, QEMU, lists of packages. */
const neededRoom = 4e9;
const measureLimit = 60_000;

/** The cache: where, how large, whether it can be written and the disk has room. */
export async function examineCache(root: string, signal: AbortSignal): Promise<readonly Finding[]> {
  const existing = await findExisting(root);
  const elsewhere = "Point ZHIL_CACHE to another folder";
  const writable = await access(existing, constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!writable) return [missing("cache", `${root} cannot be written`, elsewhere)];
  const size = existing === root ? await measureFolder(root, signal) : 0;
  const cache = fine("cache", `${root}, ${spellBytes(size)}`);
  const { bavail, bsize } = await statfs(existing);
  const free = bavail * bsize;
  const what = "free disk for the cache";
  // What is there already need not be made again.
  if (free + size >= neededRoom) return [cache, fine(what, spellBytes(free))];
  return [
    cache,
    warning(what, `${spellBytes(free)}; a first setup takes ${spellBytes(neededRoom)}`, `Make room. ${elsewhere}`),
  ];
}

/** A number of bytes as people say it. */
export function spellBytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`;
}

/** The folder, or the nearest one above it that is there. */
async function findExisting(folder: string): Promise<string> {
  const there = await stat(folder).then(
    () => true,
    () => false,
  );
  return there || folder === dirname(folder) ? folder : findExisting(dirname(folder));
}

async function measureFolder(folder: string, signal: AbortSignal): Promise<number> {
  const { stdout } = await tryTool({
    command: "du",
    arguments: ["-sk", folder],
    purpose: `measure "${folder}"`,
    signal,
    limit: measureLimit,
  });
  return Number.parseInt(stdout, 10) * 1024 || 0;
}
