/** The root of an emulated host out of the archive's packages. */
import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { findCacheRoot } from "./cache.ts";
import { prepareHostRoot } from "./host-root.ts";

const { signal } = new AbortController();

/** Names and contents of an archive's members, by the format's description (initramfs-buffer-format.rst). */
function readMembers(archive: Buffer): ReadonlyMap<string, Buffer> {
  const members = new Map<string, Buffer>();
  for (let at = 0; at < archive.length;) {
    const field = (index: number): number =>
      Number.parseInt(archive.toString("latin1", at + 6 + 8 * index, at + 14 + 8 * index), 16);
    const nameEnd = at + 110 + field(11);
    const start = Math.ceil(nameEnd / 4) * 4;
    const end = start + field(6);
    members.set(archive.toString("utf8", at + 110, nameEnd - 1), archive.subarray(start, end));
    at = Math.ceil(end / 4) * 4;
  }
  return members;
}

it("has programs for s390x with a loader and libraries of the same kind, and is found again", async () => {
  const preparation = { root: findCacheRoot(), update: false, report: () => undefined, signal };
  const root = await prepareHostRoot(preparation);
  expect(root.qemu).toMatch(/^\d+\.\d+\.\d+$/u);
  expect(await prepareHostRoot(preparation)).toEqual(root);
  const members = readMembers(await readFile(root.path));
  const programs = ["usr/bin/qemu-system-s390x", "usr/sbin/dropbear", "usr/lib/sftp-server", "usr/bin/busybox"];
  const libraries = [...members.keys()].filter((path) => path.includes(".so"));
  expect(libraries).toContain("lib/ld64.so.1");
  expect(libraries).toContain("usr/lib/s390x-linux-gnu/libc.so.6");
  for (const path of [...programs, ...libraries]) {
    const bytes = members.get(path);
    // ELF, 64 bits, big-endian, machine 22.
    expect(bytes?.toString("latin1", 0, 6), path).toBe("\x7fELF\x02\x02");
    expect(bytes?.readUInt16BE(18), path).toBe(22);
  }
  expect(members.has("usr/share/qemu/s390-ccw.img")).toBe(true);
});
