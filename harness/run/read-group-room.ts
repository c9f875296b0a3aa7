/** What control groups leave this process of the host's memory: a container has less than the host, and free(1) hides it. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Where control groups are told of. */
export interface GroupFiles {
  /** Where their file systems are mounted. */
  readonly root: string;
  /** File that says which groups this process is in. */
  readonly membership: string;
}

/** Names of a version's files, and of those counts that stand for caches which can be dropped. */
const versions = {
  one: {
    ...{ limit: "memory.limit_in_bytes", usage: "memory.usage_in_bytes" },
    caches: ["total_inactive_file", "total_active_file"],
  },
  two: { limit: "memory.max", usage: "memory.current", caches: ["inactive_file", "active_file"] },
} as const;

const systemFiles: GroupFiles = { root: "/sys/fs/cgroup", membership: "/proc/self/cgroup" };

/** Bytes that the groups of this process, and those around them, leave it; Infinity where none has a limit. */
export function readGroupRoom({ root, membership }: GroupFiles = systemFiles): number {
  const rooms = read(membership)
    .split("\n")
    .flatMap((line) => {
      const [, controllers = "", path = ""] = /^\d+:([^:]*):(\/.*)$/u.exec(line) ?? [];
      if (controllers === "" && path !== "") return listFolders(root, path, "two");
      return controllers.split(",").includes("memory") ? listFolders(join(root, "memory"), path, "one") : [];
    });
  return Math.min(Infinity, ...rooms.map(([folder, version]) => readRoom(folder, version)));
}

type Version = keyof typeof versions;

/** The group's folder and those above it; in a container only the uppermost may be there, which then is the container's. */
function listFolders(root: string, path: string, version: Version): readonly (readonly [string, Version])[] {
  const above = path === "/" ? [] : listFolders(root, dirname(path), version);
  return [[join(root, path), version], ...above];
}

function readRoom(folder: string, version: Version): number {
  const names = versions[version];
  // "max" is no number, and a file that is not there has none.
  const limit = readNumber(join(folder, names.limit));
  const usage = readNumber(join(folder, names.usage));
  if (Number.isNaN(limit) || Number.isNaN(usage)) return Infinity;
  const counts = new Map(
    read(join(folder, "memory.stat"))
      .split("\n")
      .map((line) => line.split(" ") as [string, string]),
  );
  const caches = names.caches.reduce((sum, name) => sum + Number(counts.get(name) ?? 0), 0);
  return Math.max(0, limit - usage + caches);
}

function readNumber(path: string): number {
  const text = read(path).trim();
  return text === "" ? NaN : Number(text);
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
