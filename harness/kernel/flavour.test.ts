import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { makeKey } from "../assets/digest.ts";
import { parseFragment } from "./configuration.ts";
import {
  fragmentsOf,
  leanFragment,
  listFlavours,
  listStandingPatches,
  parseFlavourName,
  spellFlavourName,
} from "./flavour.ts";
import { describeBuilt, keyOf, pathsOfPatches, type KernelRecipe } from "./kernel-recipe.ts";
import { parseTouchedPaths } from "./patched-tree.ts";

it.each([
  ["lean/kasan", "kasan"],
  ["lean", null],
  ["lean/", null],
  ["lean/bzImage", null],
  ["lean/../x", null],
  ["./lean/kasan", null],
  ["debian/6.12", null],
])("takes %s for a name of a flavour, or not", (kernel, flavour) => {
  expect(parseFlavourName(kernel)).toBe(flavour);
});

it("spells what it reads", () => {
  expect(parseFlavourName(spellFlavourName("kasan"))).toBe("kasan");
});

it("has the lean kernel alone where no flavour is asked for, and a flavour on top of it", async () => {
  expect(await fragmentsOf(null)).toEqual([leanFragment]);
  const [lean, kasan] = await fragmentsOf("kasan");
  expect([lean, kasan]).toEqual([leanFragment, leanFragment.replace("lean.config", "kasan.config")]);
});

it("names the flavours there are where one is asked for that is not", async () => {
  await expect(fragmentsOf("lean")).rejects.toThrow('Cannot build the kernel "lean/lean": there is no such flavour');
  const error: unknown = await fragmentsOf("nothing").catch((reason: unknown) => reason);
  expect((error as { readonly remedy: string }).remedy).toContain("lean/kasan");
});

it("adds something with every flavour, and sets nothing twice in one", async () => {
  for (const flavour of await listFlavours()) {
    const [, path = ""] = await fragmentsOf(flavour);
    const lines = (await readFile(path, "utf8")).split("\n");
    const names = lines.flatMap((line) => parseFragment(line).map((option) => option.name));
    expect(names, flavour).not.toEqual([]);
    expect(new Set(names).size, flavour).toBe(names.length);
  }
});

it("gives every flavour a key of its own, and the lean kernel the one it always had", () => {
  const fragment = { path: "lean.config", digest: "sha256:1" };
  const lean: KernelRecipe = {
    compiler: { prefix: "", version: "gcc 12", cached: false },
    ...{ flavour: null, fragments: [fragment], standingPatches: [], patches: [] },
  };
  const keys = ["2", "3"].map((digest) =>
    keyOf({ ...lean, fragments: [fragment, { path: "on-top.config", digest }] }, "7.2"),
  );
  const always = makeKey({ source: "7.2", fragment: "sha256:1", compiler: "gcc 12" });
  expect(keyOf(lean, "7.2")).toBe(always);
  expect(new Set([always, ...keys]).size).toBe(3);
});

it("has standing patches that say why they are there and touch no code, in every key and in every kernel's description", async () => {
  const paths = await listStandingPatches();
  for (const path of paths) {
    const text = await readFile(path, "utf8");
    expect(text, path).toMatch(/^Why: /);
    expect(parseTouchedPaths(text, path).filter((touched) => !touched.endsWith("/Kconfig"))).toEqual([]);
  }
  const pristine: KernelRecipe = {
    compiler: { prefix: "", version: "gcc 12", cached: false },
    ...{ flavour: null, fragments: [], standingPatches: [], patches: [{ path: "m.patch", digest: "sha256:3" }] },
  };
  const standing = paths.map((path) => ({ path, digest: "sha256:2" }));
  const recipe = { ...pristine, standingPatches: standing };
  expect(keyOf(recipe, "7.2")).not.toBe(keyOf(pristine, "7.2"));
  expect(pathsOfPatches(recipe)).toEqual([...paths, "m.patch"]);
  const manifest = { version: "7.2.13", digest: "sha256:1", options: [] };
  const { patches } = describeBuilt({ folder: "", manifest }, recipe);
  expect(patches).toEqual(["iommufd-test-iopf.patch", "m.patch"]);
});
