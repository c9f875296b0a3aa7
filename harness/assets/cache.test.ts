import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createCacheFolder, findCacheRoot, publishEntry, readChoice, readEntry, writeChoice } from "./cache.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "zhil-cache-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

it("lies where ZHIL_CACHE says, else in the user's cache; relative XDG folders are ignored", () => {
  expect(findCacheRoot({ ZHIL_CACHE: "/a", XDG_CACHE_HOME: "/b" })).toBe("/a");
  expect(findCacheRoot({ ZHIL_CACHE: "", XDG_CACHE_HOME: "/b" })).toBe("/b/zpci-hil");
  expect(findCacheRoot({ XDG_CACHE_HOME: "b" })).toBe(join(homedir(), ".cache/zpci-hil"));
});

it("gives back an entry with its files and manifest", async () => {
  await publishEntry(root, "kernel", "k", async (folder) => {
    await writeFile(join(folder, "image"), "bytes");
    return { version: "7.2" };
  });
  const entry = await readEntry<{ version: string }>(root, "kernel", "k");
  expect(entry?.manifest).toEqual({ version: "7.2" });
  expect(await readFile(join(entry!.folder, "image"), "utf8")).toBe("bytes");
  expect(await readEntry(root, "kernel", "other")).toBeNull();
});

it("shows nothing of an entry that failed, and leaves nothing of it", async () => {
  const failing = publishEntry(root, "kernel", "k", async (folder) => {
    await writeFile(join(folder, "image"), "half");
    throw new Error("disk full");
  });
  await expect(failing).rejects.toThrow("disk full");
  expect(await readEntry(root, "kernel", "k")).toBeNull();
  expect(await readdir(join(root, "kernel"))).toEqual([]);
});

it("begins anew over what killed processes left, and removes it", async () => {
  for (const key of ["k", "other"]) await mkdir(join(root, "kernel", `.${key}.unfinished`), { recursive: true });
  await writeFile(join(root, "kernel", ".k.unfinished", "stale"), "");
  const entry = await publishEntry(root, "kernel", "k", async (folder) => (await readdir(folder)).length);
  expect(entry.manifest).toBe(0);
  expect(await readdir(join(root, "kernel"))).toEqual(["k"]);
});

it("takes an entry whose manifest is broken or of another format for none", async () => {
  await mkdir(join(root, "kernel", "k"), { recursive: true });
  await writeFile(join(root, "kernel", "k", "manifest.json"), "{");
  expect(await readEntry(root, "kernel", "k")).toBeNull();
  await writeFile(join(root, "kernel", "k", "manifest.json"), JSON.stringify({ format: 0, value: {} }));
  expect(await readEntry(root, "kernel", "k")).toBeNull();
});

it("remembers choices", async () => {
  await writeChoice(root, "source", { version: "7.2.13-1" });
  expect(await readChoice(root, "source")).toEqual({ version: "7.2.13-1" });
  expect(await readChoice(root, "other")).toBeNull();
});

it("says which folder it cannot write, and how to choose another", async () => {
  await writeFile(join(root, "file"), "");
  await chmod(join(root, "file"), 0o600);
  await expect(createCacheFolder(join(root, "file"), "kernel")).rejects.toMatchObject({
    what: `Cannot write the cache "${join(root, "file")}"`,
    remedy: expect.stringContaining("ZHIL_CACHE") as string,
  });
});
