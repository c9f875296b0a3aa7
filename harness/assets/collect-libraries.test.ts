import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { collectLibraries, parseNeeded } from "./collect-libraries.ts";

const { signal } = new AbortController();

it("reads the names of libraries, each once, and no path", () => {
  const text = `
Dynamic section at offset 0x1000 contains 30 entries:
  Tag        Type                         Name/Value
 0x0000000000000001 (NEEDED)             Shared library: [libz.so.1]
 0x0000000000000001 (NEEDED)             Shared library: [libc.so.6]
 0x0000000000000001 (NEEDED)             Shared library: [../evil.so]
 0x000000000000000e (SONAME)             Library soname: [libx.so.2]
 0x0000000000000001 (NEEDED)             Shared library: [libc.so.6]`;
  expect(parseNeeded(text)).toEqual(["libz.so.1", "libc.so.6"]);
});

it("follows libraries of libraries, and says which one is not there", async () => {
  const tree = await mkdtemp(join(tmpdir(), "zhil-libraries-"));
  try {
    const folder = join(tree, "usr/lib/x86_64-linux-gnu");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "libother.so"), "");
    await mkdir(join(tree, "bin"));
    // A program of this machine, whose libraries the tree has not.
    await writeFile(join(tree, "bin/sh"), await readFile(process.execPath));
    await expect(collectLibraries({ tree, programs: ["bin/sh"], signal })).rejects.toThrow(
      /^Cannot find the library "lib/u,
    );
    expect(await collectLibraries({ tree, programs: [], signal })).toEqual(new Map());
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
});
