/** Kernels of commits, with a make and a compiler that only pretend. */
import { execFileSync } from "node:child_process";
import { readFile, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { writeFakeTools } from "../testing/fake-make.ts";
import { makeRepository, type MadeCommit } from "../testing/made-repository.ts";
import { temporaryFolder, type TemporaryFolder } from "../testing/scenario-files.ts";
import { KernelBuildError } from "./build-kernel.ts";
import { buildCommit, buildTarball, type TreeKernel } from "./tree-kernel.ts";

// Programs are started here, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

const commits: readonly MadeCommit[] = [
  { subject: "first", files: { Kbuild: "", "a.c": "int a;", "b.c": "int b;" } },
  { subject: "second", files: { "a.c": "int a = 2;" } },
  { subject: "torn", files: { "a.c": "int a = no_such_symbol;" } },
  { subject: "back to the first", files: { "a.c": "int a;" } },
];

let folder: TemporaryFolder;
let ids: readonly string[];
let repository: string;
let place: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  repository = join(folder.path, "linux");
  ids = makeRepository(repository, commits);
  vi.stubEnv("PATH", `${await writeFakeTools(folder.path)}:${process.env["PATH"] ?? ""}`);
  vi.stubEnv("ZHIL_CACHE", join(folder.path, "cache"));
  place = join(folder.path, "cache/linux/git");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await folder[Symbol.asyncDispose]();
});

const options = { flavour: null, report: () => undefined, signal: new AbortController().signal };
const build = (index: number): Promise<TreeKernel> => buildCommit(repository, ids[index]!, options);
const calls = async (): Promise<number> => (await readFile(join(place, "calls"), "utf8")).trim().split("\n").length;

it("builds a commit as it is, names options that its source does not have, and leaves the repository alone", async () => {
  const before = execFileSync("git", ["-C", repository, "status", "--porcelain=v2", "--branch"], {
    encoding: "utf8",
  });
  const files = (await readdir(join(repository, ".git"), { recursive: true })).sort();
  const { kernel, lacks, seconds } = await build(1);
  expect(await readFile(kernel.image, "utf8")).toBe("int a = 2;int b;");
  expect(kernel).toMatchObject({ version: "7.2.0", patches: [] });
  expect(kernel.options).toContain("IOMMUFD");
  expect(kernel.options).not.toContain("IOMMU_IOPF");
  expect(lacks).toEqual(["CONFIG_IOMMU_IOPF=y"]);
  expect(seconds).toBeGreaterThan(0);
  expect(execFileSync("git", ["-C", repository, "status", "--porcelain=v2", "--branch"], { encoding: "utf8" })).toBe(
    before,
  );
  expect((await readdir(join(repository, ".git"), { recursive: true })).sort()).toEqual(files);
});

it("writes only what differs from the commit before, so that make has no more to do", async () => {
  await build(0);
  const times = async (): Promise<readonly number[]> =>
    Promise.all(["a.c", "b.c"].map(async (name) => (await stat(join(place, "source", name))).mtimeMs));
  const [a, b] = await times();
  await build(1);
  const [laterA, laterB] = await times();
  expect(laterB).toBe(b);
  expect(laterA).not.toBe(a);
});

it("builds nothing where a commit with the same tree was built", async () => {
  const first = await build(0);
  const again = await build(3);
  expect(again.kernel.image).toBe(first.kernel.image);
  expect(again.seconds).toBe(0);
  expect(await calls()).toBe(1);
});

it("hands on the compiler's first error, and builds the next commit", async () => {
  const failure = await build(2).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(KernelBuildError);
  expect(failure).toMatchObject({
    what: `Cannot build the kernel of commit ${ids[2]!.slice(0, 12)}: make ended with exit code 2: a.c:1:9: error: 'no_such_symbol' undeclared`,
  });
  await build(1);
});

it("mends the tree that a killed process left, and does not build on what make had half written", async () => {
  await build(0);
  await writeFile(join(place, "repository/index.lock"), "");
  await writeFile(join(place, "source/a.c"), "half");
  await writeFile(join(place, "output/.zhil-under-way"), "");
  await writeFile(join(place, "output/half.o"), "half");
  await writeFile(join(place, "output/whole.o"), "whole");
  await utimes(join(place, "output/whole.o"), new Date(), new Date(Date.now() - 3_600_000));
  const { kernel } = await build(1);
  expect(await readFile(kernel.image, "utf8")).toBe("int a = 2;int b;");
  expect(await readdir(join(place, "output"))).not.toContain("half.o");
  expect(await readdir(join(place, "output"))).toContain("whole.o");
  expect(await readdir(join(place, "output"))).not.toContain(".zhil-under-way");
});

it("builds the kernel of a tarball, and keeps nothing but the kernel", async () => {
  const source = join(folder.path, "linux-7.2");
  await rm(join(repository, ".git"), { recursive: true });
  execFileSync("mv", [repository, source]);
  execFileSync("tar", ["-C", folder.path, "-czf", join(folder.path, "linux-7.2.tar.gz"), "linux-7.2"]);
  const { kernel } = await buildTarball(join(folder.path, "linux-7.2.tar.gz"), options);
  expect(await readFile(kernel.image, "utf8")).toBe("int a;int b;");
  expect(await readdir(join(folder.path, "cache/linux"))).toEqual([]);
  await expect(buildTarball(join(folder.path, "nowhere.tar"), options)).rejects.toThrow("Cannot read the tarball");
});
