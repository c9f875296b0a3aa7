/** `zhil kernel`, with a make and a compiler that only pretend. */
import { execFileSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { publishEntry, writeChoice } from "../../assets/cache.ts";
import { callCli, type Call } from "../../testing/call-cli.ts";
import { writeFakeTools } from "../../testing/fake-make.ts";
import { makeRepository } from "../../testing/made-repository.ts";
import { temporaryFolder, type TemporaryFolder } from "../../testing/scenario-files.ts";

// Programs are started here, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

let folder: TemporaryFolder;
let ids: readonly string[];
let cache: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  cache = join(folder.path, "cache");
  ids = makeRepository(join(folder.path, "linux"), [
    { subject: "first", files: { Kbuild: "", "a.c": "int a;", "b.c": "int b;" } },
    { subject: "torn", files: { "a.c": "int a = no_such_symbol;" } },
    { subject: "second", files: { "a.c": "int a = 2;" } },
  ]);
  vi.stubEnv("PATH", `${await writeFakeTools(folder.path)}:${process.env["PATH"] ?? ""}`);
  vi.stubEnv("ZHIL_CACHE", cache);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await folder[Symbol.asyncDispose]();
});

const kernel = (...argv: readonly string[]): Promise<Call> =>
  callCli(["kernel", ...argv], { workingFolder: folder.path });

describe("zhil kernel build", () => {
  it("prints the image's path and nothing else, and on standard error what it is and what it lacks", async () => {
    const { code, stdout, stderr } = await kernel("build", "--repo", "linux");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\S+\n$/u);
    expect(await readFile(stdout.trim(), "utf8")).toBe("int a = 2;int b;");
    expect(stderr).toMatch(/^Linux 7\.2\.0, built in \d/mu);
    expect(stderr).toContain("Its source does not have: CONFIG_IOMMU_IOPF=y");
    const again = await kernel("build", "--repo", "linux", "--commit", ids[2]!);
    expect(again.stdout).toBe(stdout);
    expect(again.stderr).toContain("built before");
  });

  it("says as JSON what was built", async () => {
    const { stdout } = await kernel("build", "--repo", "linux", "--commit", ids[0]!, "--flavour", "kasan", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ version: "7.2.0", lacks: ["CONFIG_IOMMU_IOPF=y"], flavour: "kasan" });
  });

  it("builds a tarball", async () => {
    execFileSync("git", ["-C", "linux", "archive", "--prefix=linux-7.2/", "--output=../linux.tar.gz", "HEAD"], {
      cwd: folder.path,
    });
    const { stdout } = await kernel("build", "--tarball", "linux.tar.gz");
    expect(await readFile(stdout.trim(), "utf8")).toBe("int a = 2;int b;");
  });

  it.each([
    [["--repo", "linux", "--commit", "main~1"], "a.c:1:9: error: 'no_such_symbol' undeclared"],
    [["--repo", "linux", "--commit", "nowhere"], 'Cannot find the commit "nowhere"'],
    [["--repo", "nowhere"], 'Cannot find the commit "HEAD"'],
    [["--repo", "linux", "--flavour", "kazan"], "kazan"],
    [["--repo", "linux", "--tarball", "linux.tar.gz"], "Cannot build from several sources"],
    [["--tarball", "nowhere.tar.gz"], "Cannot read the tarball"],
    [["--debian", "6.12", "--flavour", "kasan"], "Cannot build a flavour of one of Debian's sources"],
  ])("%j ends with an error that says why", async (argv, message) => {
    const { code, stdout, stderr } = await kernel("build", ...argv);
    expect(stderr).toContain(message);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });
});

describe("zhil kernel ls", () => {
  it("names what could be had, and lists what was built with its image", async () => {
    const empty = await kernel("ls");
    expect(empty.code).toBe(0);
    expect(empty.stdout).toMatch(/^lean +not here yet +the default$/mu);
    expect(empty.stdout).toMatch(/^lean\/kasan +not here yet/mu);
    const image = (await kernel("build", "--repo", "linux")).stdout.trim();
    const { stdout } = await kernel("ls");
    expect(stdout).toMatch(new RegExp(`^ +7\\.2\\.0 +commit ${ids[2]!}, built .*\\n +${image}$`, "mu"));
    const objects = (await kernel("ls", "--json")).stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { readonly name: string | null; readonly image: string | null });
    expect(objects.find(({ name }) => name === "lean")?.image).toBeNull();
    expect(objects.find(({ name }) => name === null)?.image).toBe(image);
  });
});

describe("zhil kernel fetch", () => {
  it("prints the path of a kernel that the cache has, and asks nobody", async () => {
    await mkdir(cache);
    const { folder: entry } = await publishEntry(cache, "debian-kernel", "k", async (place) => {
      await writeFile(join(place, "bzImage"), "");
      return { release: "6.12.107-s390x", version: "6.12.107-1", digest: "sha256:0", options: [], modules: null };
    });
    await writeChoice(cache, "debian-kernel-options-6.12", { key: "k" });
    const { code, stdout } = await kernel("fetch", "debian/6.12");
    expect(stdout).toBe(`${join(entry, "bzImage")}\n`);
    expect(code).toBe(0);
    expect((await kernel("ls")).stdout).toMatch(/^debian\/6\.12 +6\.12\.107-s390x +as Debian has it$/mu);
  });

  it("says what is no kernel", async () => {
    const { code, stderr } = await kernel("fetch", "linux/6.12");
    expect(stderr).toContain('Cannot fetch "linux/6.12": it is no name of a kernel');
    expect(code).toBe(2);
  });
});
