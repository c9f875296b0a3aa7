import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { writeCpio, type CpioMember } from "./cpio.ts";
import { listRootMembers, wantedFiles } from "./host-root-members.ts";

const loader = "usr/lib/s390x-linux-gnu/ld64.so.1";
const library = "usr/lib/s390x-linux-gnu/systemd/libown.so.1";
const own = { init: Buffer.from("#!/bin/sh"), inittab: Buffer.from("::respawn:x") };

let tree: string;
beforeEach(async () => {
  tree = await mkdtemp(join(tmpdir(), "zhil-root-"));
  const programs = Object.values(wantedFiles).flatMap((files) => Object.keys(files));
  for (const path of [...programs, loader, library]) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), path);
  }
});
afterEach(() => rm(tree, { recursive: true }));

const list = async (): Promise<readonly CpioMember[]> => {
  const libraries = new Map([
    ["libown.so.1", library],
    ["ld64.so.1", loader],
  ]);
  return listRootMembers({ tree, libraries, ...own });
};

it("has programs and libraries where they are looked for", async () => {
  const files = new Map((await list()).flatMap((each) => (each.kind === "file" ? [[each.path, each] as const] : [])));
  expect(String(files.get("usr/lib/sftp-server")?.content)).toBe("usr/lib/openssh/sftp-server");
  expect(String(files.get("lib/ld64.so.1")?.content)).toBe(loader);
  expect(String(files.get("usr/lib/s390x-linux-gnu/libown.so.1")?.content)).toBe(library);
  expect(files.get("init")).toMatchObject({ mode: 0o755, content: own.init });
});

it("has every folder before what is in it, nothing twice, and the user's own for nobody else", async () => {
  const members = await list();
  const seen = new Set<string>();
  for (const { path } of members) {
    const folder = dirname(path);
    expect(folder === "." || seen.has(folder), path).toBe(true);
    expect(seen.has(path), path).toBe(false);
    seen.add(path);
  }
  expect(members.find(({ path }) => path === "root/.ssh")).toMatchObject({ kind: "folder", mode: 0o700 });
});

it("is the same each time", async () => {
  expect(writeCpio(await list()).equals(writeCpio(await list()))).toBe(true);
});
