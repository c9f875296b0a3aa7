import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { parseTouchedPaths, restoreTree, withPatches, type PatchableTree } from "./patched-tree.ts";

let folder: string;
let tree: PatchableTree;
const signal = new AbortController().signal;
const old = new Date("2020-02-02T02:02:02Z");

const change = `--- a/drivers/a.c
+++ b/drivers/a.c
@@ -1,3 +1,3 @@
 one
-two
+TWO
 three
--- /dev/null
+++ b/drivers/new.c
@@ -0,0 +1 @@
+new
`;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zhil-patch-"));
  tree = { source: join(folder, "source"), saved: join(folder, "saved") };
  await mkdir(join(tree.source, "drivers"), { recursive: true });
  await writeFile(join(tree.source, "drivers/a.c"), "one\ntwo\nthree\n");
  await utimes(join(tree.source, "drivers/a.c"), old, old);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function writePatch(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

async function expectPristine(): Promise<void> {
  expect(await readdir(join(tree.source, "drivers"))).toEqual(["a.c"]);
  expect(await readFile(join(tree.source, "drivers/a.c"), "utf8")).toBe("one\ntwo\nthree\n");
  expect((await stat(join(tree.source, "drivers/a.c"))).mtime).toEqual(old);
  expect(await readdir(folder)).not.toContain("saved");
}

it("patches for the time of the action, and newer than any object made before", async () => {
  const patch = await writePatch("p.patch", change);
  const before = Date.now() - 1000;
  const during = await withPatches(tree, [patch], signal, async () => {
    expect((await stat(join(tree.source, "drivers/a.c"))).mtimeMs).toBeGreaterThan(before);
    return [
      await readFile(join(tree.source, "drivers/a.c"), "utf8"),
      await readFile(join(tree.source, "drivers/new.c"), "utf8"),
    ];
  });
  expect(during).toEqual(["one\nTWO\nthree\n", "new\n"]);
  await expectPristine();
});

it("applies patches in order, also to one file", async () => {
  const second = change.slice(0, change.indexOf("--- /dev/null")).replace("-two", "-TWO").replace("+TWO", "+2");
  const patches = [await writePatch("1.patch", change), await writePatch("2.patch", second)];
  const text = await withPatches(tree, patches, signal, () => readFile(join(tree.source, "drivers/a.c"), "utf8"));
  expect(text).toBe("one\n2\nthree\n");
  await expectPristine();
});

it("puts the originals back when the action fails", async () => {
  const patch = await writePatch("p.patch", change);
  await expect(withPatches(tree, [patch], signal, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  await expectPristine();
});

it("names the hunk that does not apply, and leaves nothing behind", async () => {
  const patch = await writePatch("p.patch", change.replace("-two", "-zwei").replace(" three", " drei"));
  const failing = withPatches(tree, [patch], signal, () => Promise.resolve());
  await expect(failing).rejects.toThrow(/^Cannot apply patch "p.patch": .*Hunk #1 FAILED at 1/);
  await expectPristine();
});

it("repairs what a killed process left patched", async () => {
  const patch = await writePatch("p.patch", change);
  // Killed in the middle: what a new process finds is the tree and the originals as they are then.
  await withPatches(tree, [patch], signal, async () => {
    await restoreTree(tree);
    await expectPristine();
  });
});

it("repairs a process killed between listing the files and moving them aside", async () => {
  await mkdir(tree.saved);
  await writeFile(join(tree.saved, "files.json"), JSON.stringify([{ path: "drivers/a.c", existed: true }]));
  await restoreTree(tree);
  await expectPristine();
});

it("takes no patch that reaches out of the tree, nor one that changes nothing", () => {
  expect(() => parseTouchedPaths("--- a/../../etc/passwd\n+++ b/../../etc/passwd\n", "p")).toThrow(
    /outside the kernel source/,
  );
  expect(() => parseTouchedPaths("hello\n", "p")).toThrow(/changes no file/);
});
