import { join } from "node:path";
import { freemem } from "node:os";
import { expect, it } from "vitest";
import { temporaryFolder } from "../testing/scenario-files.ts";
import { measureCapacity } from "./measure-capacity.ts";
import { readGroupRoom } from "./read-group-room.ts";

async function roomWith(membership: string, files: Readonly<Record<string, string>>): Promise<number> {
  await using folder = await temporaryFolder({ membership, ...files });
  return readGroupRoom({ root: join(folder.path, "cgroup"), membership: join(folder.path, "membership") });
}

const stat = "anon 600\nfile 350\ninactive_file 200\nactive_file 100\nshmem 50\n";

it.each([
  ["leaves what its limit says, caches that can be dropped included", "1000\n", 1000 - 900 + 300],
  ["has no limit leaves everything", "max\n", Infinity],
  ["had its limit lowered below its use leaves nothing", "500\n", 0],
])("a group of version 2 that %s", async (_, limit, room) => {
  const files = {
    "cgroup/a/b/memory.max": limit,
    "cgroup/a/b/memory.current": "900\n",
    "cgroup/a/b/memory.stat": stat,
  };
  expect(await roomWith("0::/a/b\n", files)).toBe(room);
});

it("is bound by whichever group around it leaves least", async () => {
  const files = {
    ...{ "cgroup/a/memory.max": "1000\n", "cgroup/a/memory.current": "970\n" },
    ...{ "cgroup/a/b/memory.max": "800\n", "cgroup/a/b/memory.current": "10\n" },
  };
  expect(await roomWith("0::/a/b\n", files)).toBe(30);
});

it("reads groups of version 1, and the container's own where its path is not to be seen", async () => {
  const files = {
    "cgroup/memory/memory.limit_in_bytes": "1000\n",
    "cgroup/memory/memory.usage_in_bytes": "900\n",
    "cgroup/memory/memory.stat": "inactive_file 1\ntotal_inactive_file 20\ntotal_active_file 30\n",
  };
  expect(await roomWith("5:cpu:/x\n4:memory:/docker/0123\n0::/\n", files)).toBe(150);
});

it("finds no limit where there are no groups", async () => {
  expect(await roomWith("", {})).toBe(Infinity);
  expect(readGroupRoom({ root: "/nowhere", membership: "/nowhere/either" })).toBe(Infinity);
});

it("never makes more of the host than is free", () => {
  expect(measureCapacity(() => Infinity).availableBytes).toBeGreaterThan(freemem() / 2);
  expect(measureCapacity(() => 4096).availableBytes).toBe(4096);
});
