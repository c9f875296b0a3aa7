import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makeFolders } from "./make-folders.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zt-"));
});
afterEach(() => rm(folder, { recursive: true }));

it("creates what is missing, as private as asked, and leaves what is there", async () => {
  const path = join(folder, "a/b/c");
  await makeFolders(path, 0o700);
  await makeFolders(path);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
});

it("refuses a path that leads through a file", async () => {
  await writeFile(join(folder, "file"), "");
  await expect(makeFolders(join(folder, "file"))).rejects.toThrow("EEXIST");
  await expect(makeFolders(join(folder, "file/below"))).rejects.toThrow("ENOTDIR");
});

it("comes back from where no folder can be made", async () => {
  await expect(makeFolders("/proc/zpci-hil/runs")).rejects.toThrow("ENOENT");
});
