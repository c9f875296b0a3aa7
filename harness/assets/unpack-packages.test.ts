import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readVersion } from "./fetch-qemu.ts";
import { findLibraryFolders, findLoader } from "./unpack-packages.ts";

let tree: string;
beforeEach(async () => {
  tree = await mkdtemp(join(tmpdir(), "zhil-tree-"));
});
afterEach(() => rm(tree, { recursive: true, force: true }));

async function touch(...paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), "");
  }
}

it("finds where libraries are, and not where plug-ins are", async () => {
  await touch(
    "usr/lib/x86_64-linux-gnu/libc.so.6",
    "usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-262.so",
    "usr/lib/x86_64-linux-gnu/qemu/ui-gtk.so",
    "usr/share/qemu/firmware.img",
  );
  expect(await findLibraryFolders(tree)).toEqual(["usr/lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu/systemd"]);
});

it.each([
  ["usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "usr/lib/x86_64-linux-gnu"],
  ["usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1", "usr/lib/aarch64-linux-gnu"],
  ["lib/ld64.so.1", "lib"],
])("finds the loader %s", async (path) => {
  await touch(path, `${dirname(path)}/libc.so.6`);
  expect(await findLoader(tree, await findLibraryFolders(tree))).toBe(path);
});

it("says so where there is no loader", async () => {
  await expect(findLoader(tree, [])).rejects.toThrow(/Cannot find a dynamic loader/);
});

it("reads QEMU's version, and refuses another program's", () => {
  expect(readVersion("QEMU emulator version 11.1.3 (Debian 1:11.1.3+ds-1)\nCopyright")).toBe("11.1.3");
  expect(() => readVersion("hello")).toThrow(/Cannot read QEMU's version/);
});
