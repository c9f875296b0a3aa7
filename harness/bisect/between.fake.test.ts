/** `zhil bisect --between` over kernels of the archive that are fakes. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Services } from "../cli/services.ts";
import { callCli, type Call } from "../testing/call-cli.ts";
import { fakeKernels, type FakeKernel } from "../testing/fake-kernels.ts";
import { scenarioText, temporaryFolder, type TemporaryFolder } from "../testing/scenario-files.ts";
import type { BisectReport } from "./bisect-report.ts";

// Files are written and read here, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

const versions = ["6.1.176-1", "6.12.107-1", "6.12.99-1", "7.1.8-1", "7.2.13-1", "7.3~rc7-1"];
let folder: TemporaryFolder;
let fetched: string[];
beforeEach(async () => {
  folder = await temporaryFolder({ "scenarios/one.yaml": scenarioText("one") });
  fetched = [];
});
afterEach(() => folder[Symbol.asyncDispose]());

/** Bisects where kernels do as told, by their versions. */
async function bisect(kernelOf: (version: string) => FakeKernel, ...argv: readonly string[]): Promise<Call> {
  const kernels = join(folder.path, "kernels");
  const { openBench } = fakeKernels(kernels);
  const fileOf = (name: string): string => join(kernels, name.replace("debian/", ""));
  for (const version of versions)
    await writeFile(fileOf(version), JSON.stringify({ mark: version, ...kernelOf(version) }));
  const services: Partial<Services> = {
    listVersions: () => Promise.resolve(versions),
    fetchKernel: ({ kernel = "" }) => {
      fetched.push(kernel);
      const image = fileOf(kernel);
      const what = { vmlinux: null, version: kernel, options: [], patches: [], origin: "archive" } as const;
      return Promise.resolve({ ...what, image, digest: `sha256:${kernel}` });
    },
    openBench: async (choice) => {
      const name = choice.kernel ?? "";
      const bench = await openBench({ ...choice, kernel: fileOf(name) });
      const kernel = { ...bench.profile.kernel, version: name.replace("debian/", "") };
      return { ...bench, profile: { ...bench.profile, kernel } };
    },
  };
  return callCli(["bisect", "--scenarios", join(folder.path, "scenarios"), ...argv], {
    workingFolder: folder.path,
    services,
  });
}

it("finds the first version that fails, and says how to run it", async () => {
  const fails = (version: string): FakeKernel => (version.startsWith("7") ? { fails: 100 } : {});
  const { code, stdout, stderr } = await bisect(fails, "--between", "debian/6.12", "debian/7", "one");
  expect(stderr).toBe("");
  expect(code).toBe(0);
  expect(stdout).toContain("debian/7.1.8-1 is the first bad version");
  expect(stdout).toContain("zhil run one --kernel debian/7.1.8-1");
  expect(stdout).not.toContain("Author:");
  expect(fetched.length).toBe(new Set(fetched).size);
  expect(fetched).not.toContain("debian/6.1.176-1");
  const report = JSON.parse(await readFile(join(folder.path, "zhil-bisect/report.json"), "utf8")) as BisectReport;
  expect(report).toMatchObject({
    of: "versions",
    range: { base: "debian/6.12.99-1", tip: "debian/7.3~rc7-1", commits: 4 },
    without: { commit: "debian/6.12.107-1" },
  });
  await expect(readFile(join(folder.path, "zhil-bisect/mail"))).rejects.toThrow("ENOENT");
});

it("finds the first version that is mended", async () => {
  const fails = (version: string): FakeKernel => (version.startsWith("6") ? { fails: 100 } : {});
  const { stdout } = await bisect(fails, "--between", "debian/7.2", "debian/6.1", "--find", "fix", "one");
  expect(stdout).toContain("debian/7.1.8-1 is the first fixing version");
});

it("finds the first version that does what the model expects of it and not of an older one", async () => {
  // From 6.18 on a range that leaves the 64-bit space is EOVERFLOW (src/model/rules/type1.ts).
  const steps =
    "  - take-type1: { function: a, container: C }\n  - container-map: { container: C, iova: 0xfffffffffffff000, buffer: p }\n";
  const text = scenarioText("one").replace(/steps:[^]*/u, `buffers: { p: 2 }\nsteps:\n${steps}`);
  await writeFile(join(folder.path, "scenarios/one.yaml"), text);
  const argv = ["--between", "debian/6.12", "debian/7.3", "one"];
  const without = await bisect(() => ({}), ...argv, "--tries", "2", "--out", "without");
  expect(without.stderr).toContain("does not show the failure: it was not seen there in 2 runs");
  const { code, stdout } = await bisect(() => ({}), ...argv, "--as", "6.12");
  expect(stdout).toContain("debian/7.1.8-1 is the first bad version");
  expect(stdout).toContain("Looking for 7:result=EOVERFLOW");
  expect(stdout).toContain("judged    as Linux 6.12: what is done otherwise fails");
  expect(stdout).toContain("zhil run one --as 6.12 --kernel debian/7.1.8-1");
  expect(code).toBe(0);
});

it.each([
  [["--between", "debian/6.12", "one"], "--between takes two versions, and a scenario after them"],
  [["--between", "debian/6.12", "debian/7.2", "one", "two"], '"two" is one word too many'],
  [["--between", "debian/6.12", "debian/7.2", "--good", "v7.1", "one"], "--between has both ends"],
  [["--between", "debian/6.12", "debian/7.2", "--flavour", "kasan", "one"], "--between takes kernels as they are"],
  [["--between", "debian/6.12", "debian/9", "one"], 'Cannot bisect to "debian/9"'],
  [["--good", "v7.1", "one"], "no --bad says where it fails"],
  [["--good", "v7.1", "--bad", "v7.2", "one", "two"], '"two" is one word too many'],
])("%j is wrong and says why", async (argv, message) => {
  const { code, stderr } = await bisect(() => ({}), ...argv);
  expect(stderr).toContain(message);
  expect(code).toBe(2);
  expect(fetched).toEqual([]);
});
