/**
 * Bisections of a real kernel: sixty-four commits on top of its source, of which some do not build, some do not boot, one
 * warns, one breaks it as a mutant does, and a later one mends it. Each takes some seven kernels; the repository and the
 * build folder are one for all.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findCacheRoot, readChoice } from "../assets/cache.ts";
import { realServices } from "../cli/services.ts";
import { sourceChoice, type SourceChoice } from "../kernel/kernel-recipe.ts";
import { locateKernelTree } from "../kernel/kernel-source.ts";
import { prepareKernel } from "../kernel/prepare-kernel.ts";
import { readMutants } from "../mutants/read-mutants.ts";
import { buildCommand } from "../testing/build-command.ts";
import { callCli } from "../testing/call-cli.ts";
import { addKernelHistory, places } from "../testing/kernel-history.ts";
import { importFolder } from "../testing/made-repository.ts";
import { temporaryFolder, type TemporaryFolder } from "../testing/scenario-files.ts";
import { scaleTime } from "../wait/with-limit.ts";
import type { BisectReport } from "./bisect-report.ts";

interface Case {
  readonly mutant: string;
  readonly scenario: string;
  readonly at: number;
  readonly sought: string;
  /** Where it is not what fails first at the end that fails. */
  readonly argv?: readonly string[];
  /** What the mutant's change becomes. */
  readonly change?: (diff: string) => string;
}

const leak = "alarm:WARNING: drivers/iommu/s390-iommu.c at s390_domain_free";

/** One of the driver, of the type 1 container, of iommufd; one that warns, as another commit does; one that shows now and then. */
const cases = {
  uncounted: {
    ...{ mutant: "unmapped-pages-miscounted", scenario: "unmap-several-areas", at: 51 },
    sought: "10:functions.a.counters.unmapped",
  },
  splits: {
    ...{ mutant: "type1-unmap-splits", scenario: "type1-unmap-semantics", at: 9 },
    sought: "10:result=OK",
  },
  widens: { mutant: "copy-widens-access", scenario: "copy-refused", at: 34, sought: "14:result=OK" },
  leaks: {
    ...{ mutant: "left-on-old-list", scenario: "attach-detach", at: 21, sought: leak },
    // Without being told it would look for the warning that comes first.
    argv: ["--seek", leak],
  },
  flaky: {
    ...{ mutant: "read-only-ignored", scenario: "access-read-only", at: 38, sought: "11:memory.p[0]" },
    // Where it does not show, the warning would be all there is.
    argv: ["--confidence", "0.99", "--seek", "11:memory.p[0]"],
    // The clock's microseconds: three in ten are such.
    change: (diff: string) =>
      diff.replace("IOMMU_WRITE | IOMMU_CACHE", "IOMMU_WRITE | ((get_tod_clock() >> 12) % 10 < 3 ? IOMMU_CACHE : 0)"),
  },
} as const satisfies Readonly<Record<string, Case>>;

let folder: TemporaryFolder;
let repository: string;
let source: string;
let base: string;
const images = new Set<string>();

beforeAll(async () => {
  folder = await temporaryFolder();
  repository = join(folder.path, "linux");
  const root = resolve(findCacheRoot());
  await prepareKernel({ root, update: false, report: () => undefined, signal: new AbortController().signal });
  const choice = await readChoice<SourceChoice>(root, sourceChoice);
  source = locateKernelTree(root, choice?.version ?? "").source;
  base = await importFolder(repository, source);
});
afterAll(async () => {
  // Nobody looks for these kernels again.
  for (const image of images) await rm(dirname(image), { recursive: true, force: true });
  await folder[Symbol.asyncDispose]();
});

/** The history of a case on a branch of its own; ids of the source's commit and of the sixty-four. */
async function makeHistory(name: keyof typeof cases): Promise<readonly string[]> {
  const { mutant, at, change = (diff: string) => diff }: Case = cases[name];
  const [read] = await readMutants([mutant]);
  const diff = change(await readFile(read?.file ?? "", "utf8"));
  return addKernelHistory(repository, { branch: name, base, source, culprit: { diff, at } });
}

const argvOf = (name: keyof typeof cases, good: string, bad: string): readonly string[] => {
  const { scenario, argv = [] }: Case = cases[name];
  return ["bisect", "--repo", repository, "--good", good, "--bad", bad, "--out", name, ...argv, scenario];
};

async function readReport(name: string): Promise<BisectReport> {
  const report = JSON.parse(await readFile(join(folder.path, name, "report.json"), "utf8")) as BisectReport;
  const state = JSON.parse(await readFile(join(folder.path, name, "state.json"), "utf8")) as {
    readonly events: readonly { readonly image?: string }[];
  };
  for (const { image } of state.events) if (image !== undefined) images.add(image);
  return report;
}

const bisect = (name: keyof typeof cases, good: string, bad: string): Promise<BisectReport> =>
  bisectWith(name, argvOf(name, good, bad));

async function bisectWith(out: string, argv: readonly string[]): Promise<BisectReport> {
  const { code, stderr } = await callCli(argv, {
    workingFolder: folder.path,
    services: { readLedger: realServices.readLedger },
  });
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return readReport(out);
}

const reasonsOf = ({ log }: BisectReport): readonly string[] =>
  log.flatMap(({ outcome, detail }) => (outcome === "skipped" ? [detail ?? ""] : []));

/** Seconds that steps took in which a kernel was built, but for the first, which makes all of it where nothing is there. */
const buildsOf = ({ log }: BisectReport): readonly number[] =>
  log.flatMap(({ outcome, seconds }) => (outcome === "built" ? [seconds] : [])).slice(1);

describe("zhil bisect on a real kernel", () => {
  it("finds the commit with which a counter goes wrong, past one that does not build and one that does not boot", async () => {
    const ids = await makeHistory("uncounted");
    const report = await bisect("uncounted", base, ids[places.fix - 1]!);
    expectFound(report, "uncounted", ids);
    const skipped = reasonsOf(report);
    expect(skipped.some((reason) => /error: .missing. undeclared/u.test(reason))).toBe(true);
    expect(skipped.some((reason) => /does not come up: .*panic/u.test(reason))).toBe(true);
    const builds = buildsOf(report).toSorted((a, b) => a - b);
    expect(builds[Math.floor(builds.length / 2)]).toBeLessThan(scaleTime(60));
  });

  it("finds the commit that mended it", async () => {
    const ids = await makeHistory("uncounted");
    const { scenario } = cases.uncounted;
    const argv = [
      "bisect",
      "--repo",
      repository,
      "--bad",
      ids[places.fix - 6]!,
      "--good",
      ids[places.last]!,
      "--out",
      "mended",
    ];
    const report = await bisectWith("mended", [...argv, scenario]);
    expect(report.found.map(({ commit }) => commit)).toEqual([ids[places.fix]]);
    expect(report).toMatchObject({ find: "fix", sought: cases.uncounted.sought, doubt: "none", rate: 1 });
  });

  it.each(["splits", "widens"] as const)("finds the commit that %s", async (name) => {
    const ids = await makeHistory(name);
    expectFound(await bisect(name, base, ids[places.fix - 1]!), name, ids);
  });

  it("finds the commit whose failure shows in three runs of ten, and says how sure that is", async () => {
    const ids = await makeHistory("flaky");
    const report = await bisect("flaky", base, ids[places.fix - 1]!);
    expectFound(report, "flaky", ids);
    expect(report.confidence).toBeGreaterThanOrEqual(0.99);
    expect(report.rate).toBeGreaterThan(0.1);
    expect(report.rate).toBeLessThan(0.6);
  });

  it("is killed while it builds and while it runs, and comes to the answer it would have come to", async () => {
    await using built = await buildCommand();
    const ids = await makeHistory("leaks");
    const argv = argvOf("leaks", base, ids[places.fix - 1]!);
    for (const moment of [/ built /u, /Building [^]* built /u, /(?: (?:seen|absent) [^]*){3}/u, /Building/u]) {
      expect(await killedAt(moment, built.program, argv), String(moment)).toBe("SIGKILL");
    }
    const resumed = await bisectWith("leaks", argv);
    expectFound(resumed, "leaks", ids);
    const again = await bisectWith("leaks", [...argv, "--restart"]);
    expect(again.found).toEqual(resumed.found);
    expect(again).toMatchObject({ sought: resumed.sought, rate: resumed.rate, doubt: resumed.doubt });
  });
});

function expectFound(report: BisectReport, name: keyof typeof cases, ids: readonly string[]): void {
  const { at, sought }: Case = cases[name];
  expect(report.found.map(({ commit }) => commit)).toEqual([ids[at]]);
  expect(report).toMatchObject({ find: "bad", sought, doubt: "none" });
  expect(report.confidence).toBeGreaterThanOrEqual(0.95);
  if (name !== "flaky") expect(report.rate).toBe(1);
}

/** Runs `zhil` until what it says has come to a moment, and kills it there; the signal that ended it. */
async function killedAt(moment: RegExp, program: string, argv: readonly string[]): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [program, ...argv], {
    cwd: folder.path,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString();
    if (moment.test(said)) child.kill("SIGKILL");
  });
  const [, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return signal;
}
