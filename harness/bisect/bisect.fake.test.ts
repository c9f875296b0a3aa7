/** Bisections from the command line to the report, of real repositories with fake kernels in them. */
import { execFileSync, spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { callCli, type Call } from "../testing/call-cli.ts";
import { commitOf, fakeKernels, type FakeKernel } from "../testing/fake-kernels.ts";
import { makeRepository } from "../testing/made-repository.ts";
import { scenarioText, temporaryFolder, type TemporaryFolder } from "../testing/scenario-files.ts";
import type { BisectReport } from "./bisect-report.ts";

// Whole programs are started here, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

const subjects = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `change ${index}`);
const first = { step: "bind", file: "scenarios/one.yaml" };

let folder: TemporaryFolder;
let calls: string[];
beforeEach(async () => {
  folder = await temporaryFolder({ [first.file]: scenarioText("one") });
  calls = [];
});
afterEach(async () => {
  vi.restoreAllMocks();
  await folder[Symbol.asyncDispose]();
});

/** A history in which kernel after kernel does as told; a mark keeps them apart where nothing else does. */
function makeHistory(kernelAt: (index: number) => FakeKernel, count = 65): readonly string[] {
  return makeRepository(
    join(folder.path, "linux"),
    subjects(count).map((subject, index) => commitOf(subject, { mark: subject, ...kernelAt(index) })),
  );
}

const call = (argv: readonly string[], seed = 1): Promise<Call> =>
  callCli([...argv, "--repo", "linux", "--scenarios", join(folder.path, "scenarios"), "one"], {
    workingFolder: folder.path,
    services: fakeKernels(join(folder.path, "kernels"), (what, of) => calls.push(`${what} ${of}`), seed),
  });

async function bisect(argv: readonly string[], seed = 1): Promise<Call & { readonly report: BisectReport }> {
  const done = await call(["bisect", "--json", ...argv], seed);
  expect(done.stderr).not.toContain("zhil:");
  return { ...done, report: JSON.parse(done.stdout) as BisectReport };
}

const failsFrom =
  (culprit: number, more: (index: number) => FakeKernel = () => ({})) =>
  (index: number): FakeKernel => ({ ...(index >= culprit ? { fails: 100 } : {}), ...more(index) });

/** What befalls histories beside the culprit: some commits do not build, some do not boot, and from one on all warn. */
const accidents = (index: number): FakeKernel => {
  if (index >= 26 && index < 38) return { doesNotBuild: true };
  if (index >= 43 && index < 55) return { doesNotBoot: true };
  return index >= 20 ? { warns: true } : {};
};

describe("zhil bisect", () => {
  it("finds the commit, among others that do not build, do not boot, or warn of something else", async () => {
    const ids = makeHistory(failsFrom(41, accidents));
    const { code, report, stderr } = await bisect(["--good", ids[0]!, "--bad", "main"]);
    expect(code).toBe(0);
    expect(report.found.map(({ commit }) => commit)).toEqual([ids[41]]);
    expect(report).toMatchObject({
      ...{ find: "bad", sought: "2:result=EINVAL", doubt: "none", rate: 1 },
      found: [{ subject: "change 41", author: "An Author <author@example.org>" }],
      range: { base: ids[0], tip: ids[64], commits: 64 },
      // Not the warning, though it comes first.
      with: { commit: ids[41], seen: 1, reason: 'step 2 open: result: expected "OK", observed "EINVAL"' },
      without: { commit: ids[40], seen: 0 },
    });
    expect(report.confidence).toBeGreaterThanOrEqual(0.95);
    const skipped = report.log.filter(({ outcome }) => outcome === "skipped").map(({ detail }) => detail);
    expect(skipped).toContain("Cannot build: make ended with exit code 2: a.c:1:2: error: 'x' undeclared");
    expect(skipped).toContain("The kernel does not come up: The kernel panicked");
    expect(stderr).toContain("a.c:1:2: error: 'x' undeclared");
    expect(stderr).toContain("Looking for 2:result=EINVAL");
    expect(stderr).toContain(`${ids[41]!} is the first bad commit`);
  });

  it("writes a report, and a mail with whom it may concern", async () => {
    const ids = makeHistory(failsFrom(3), 6);
    await bisect(["--good", ids[0]!, "--bad", "main"]);
    const text = await readFile(join(folder.path, "zhil-bisect/report.txt"), "utf8");
    expect(text).toContain(`zhil run one --kernel "$(zhil kernel build --repo . --commit ${ids[3]!})"`);
    const mail = await readFile(join(folder.path, "zhil-bisect/mail"), "utf8");
    expect(mail).toMatch(
      /^To: An Author <author@example.org>\nCc: .*\nSubject: \[REGRESSION\] one, since change 3\n/u,
    );
    expect(mail).toContain(`#regzbot introduced: ${ids[3]!}`);
    expect(mail).toContain('expected "OK", observed "EINVAL"');
  });

  it("finds the commit that fixed it, as the order of the ends has it", async () => {
    const ids = makeHistory((index) => (index < 23 ? { fails: 100 } : {}));
    const { report } = await bisect(["--bad", ids[0]!, "--good", "main"]);
    expect(report).toMatchObject({ find: "fix", found: [{ subject: "change 23" }], with: { commit: ids[22] } });
    const mail = await readFile(join(folder.path, "zhil-bisect/mail"), "utf8");
    expect(mail).not.toContain("regzbot");
  });

  it.each([1, 2, 3])("finds the commit whose failure shows in three runs of ten (%i)", async (seed) => {
    // Every step takes as long: else what is tried next, and with it what is found at this confidence, were the machine's to say.
    let clock = 0;
    vi.spyOn(performance, "now").mockImplementation(() => (clock += 1000));
    const ids = makeHistory((index) => (index >= 30 ? { fails: 30 } : {}));
    const { report } = await bisect(["--good", ids[0]!, "--bad", "main"], seed);
    expect(report.found.map(({ commit }) => commit)).toEqual([ids[30]]);
    expect(report.confidence).toBeGreaterThanOrEqual(0.95);
    expect(report.rate).toBeGreaterThan(0.1);
    expect(report.rate).toBeLessThan(0.6);
  });

  it("runs no kernel that is the same as one that was run", async () => {
    // Only every fourth commit touches the kernel.
    const ids = makeHistory((index) => ({ mark: String(Math.floor(index / 4)), fails: index >= 40 ? 100 : 0 }));
    const { report } = await bisect(["--good", ids[0]!, "--bad", "main"]);
    expect(report.found.map(({ commit }) => commit)).toEqual([ids[40]]);
    const runs = calls.filter((each) => each.startsWith("run"));
    const same = report.log.filter(({ outcome }) => outcome === "same");
    expect(same.length).toBeGreaterThan(0);
    expect(runs.length).toBe(report.log.filter(({ outcome }) => outcome === "seen" || outcome === "absent").length);
  });

  it("names what cannot be told apart", async () => {
    const ids = makeHistory(
      failsFrom(9, (index) => (index > 7 && index < 11 ? { failsOtherwise: true } : {})),
      20,
    );
    const { report, code } = await bisect(["--good", ids[0]!, "--bad", "main"]);
    expect(code).toBe(0);
    expect(report.found.map(({ subject }) => subject).sort()).toEqual(["change 8", "change 9"]);
    expect(report.log).toContainEqual(
      expect.objectContaining({
        outcome: "skipped",
        detail: expect.stringMatching(/^Fails otherwise: step 1/u) as string,
      }),
    );
  });

  it("says so where the good end fails as well", async () => {
    const ids = makeHistory(failsFrom(0), 10);
    const { code, stderr, report } = await bisect(["--good", ids[0]!, "--bad", "main"]);
    expect(code).toBe(1);
    expect(report).toMatchObject({ found: [], doubt: "before" });
    expect(stderr).toContain(`No commit of the range: ${ids[0]!.slice(0, 12)}, where it begins, has the failure`);
  });

  it("says so where the bad end does not fail", async () => {
    const ids = makeHistory(() => ({}), 10);
    const { code, stderr } = await call(["bisect", "--good", ids[0]!, "--bad", "main", "--tries", "7"]);
    expect(code).toBe(2);
    expect(stderr).toContain(`${ids[9]!.slice(0, 12)}, does not show the failure: it was not seen there in 7 runs`);
  });

  it("looks for the failure that it is told, and no other", async () => {
    const ids = makeHistory((index) => ({ warns: index >= 5, fails: index >= 9 ? 100 : 0 }), 20);
    const seek = ["--seek", "alarm:WARNING: drivers/a.c at b"];
    const { report } = await bisect(["--good", ids[0]!, "--bad", "main", ...seek]);
    expect(report.found.map(({ subject }) => subject)).toEqual(["change 5"]);
  });

  it.each([
    [["--good", "nowhere", "--bad", "main"], 'Cannot find the commit "nowhere"'],
    [["--good", "main", "--bad", "main"], "are the same commit"],
    [["--good", "main~3", "--bad", "main", "--find", "fix"], "comes before the other"],
    [["--good", "main~3", "--bad", "main", "--seek", "nonsense"], 'Cannot look for "nonsense"'],
    [["--good", "main~3", "--bad", "main", "--path", "nothing"], "No commit touches nothing"],
    [["--good", "main~3", "--bad", "main", "--confidence", "95"], "Expected a number from 0.5 to less than 1"],
    [["--good", "main~3"], "no --bad says where it fails"],
  ])("%j is wrong and says why", async (argv, message) => {
    makeHistory(() => ({}), 5);
    const { code, stderr } = await call(["bisect", ...argv]);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
    expect(calls).toEqual([]);
  });

  it("goes on for another bisection in the same folder only where it is told to begin anew", async () => {
    const ids = makeHistory(failsFrom(3), 9);
    await bisect(["--good", ids[0]!, "--bad", "main"]);
    const other = await call(["bisect", "--good", ids[1]!, "--bad", "main"]);
    expect(other.code).toBe(2);
    expect(other.stderr).toContain("it holds another bisection, of one from");
    const { report } = await bisect(["--good", ids[1]!, "--bad", "main", "--restart"]);
    expect(report.found.map(({ subject }) => subject)).toEqual(["change 3"]);
  });
});

/** What node is given to bisect in a process of its own, which survives so many builds and runs. */
const processOf = (calls: string): readonly string[] => {
  const program = fileURLToPath(new URL("../testing/bisect-process.ts", import.meta.url));
  const loader = new URL("../testing/run-typescript.mjs", import.meta.url).href;
  return ["--import", loader, program, join(folder.path, "kernels"), calls];
};

describe("a bisection that is killed", () => {
  it("goes on where it was and comes to the same answer", async () => {
    const ids = makeHistory(
      failsFrom(6, (index) => (index === 4 ? { doesNotBuild: true } : {})),
      9,
    );
    const argv = ["bisect", "--good", ids[0]!, "--bad", "main", "--repo", "linux", "--scenarios", "scenarios", "one"];
    let killed = 0;
    for (let ended = false; !ended;) {
      // Each gets more builds and runs done than the one before, and is killed in the next.
      const words = [...processOf(String(killed * 4 + 1)), ...argv];
      const { status, signal } = spawnSync(process.execPath, words, { cwd: folder.path, encoding: "utf8" });
      ended = signal !== "SIGKILL";
      if (ended) expect(status).toBe(0);
      else killed++;
    }
    const report = JSON.parse(await readFile(join(folder.path, "zhil-bisect/report.json"), "utf8")) as BisectReport;
    expect(report.found.map(({ subject }) => subject)).toEqual(["change 6"]);
    // What was done before each end is not done again.
    expect(killed).toBeGreaterThan(1);
    expect(report.log.filter(({ outcome }) => outcome === "built").length).toBe(
      new Set(report.log.filter(({ outcome }) => outcome === "built").map(({ commit }) => commit)).size,
    );
  }, 900_000);

  it("does not go on from a state that it cannot read", async () => {
    const ids = makeHistory(failsFrom(3), 9);
    await bisect(["--good", ids[0]!, "--bad", "main"]);
    await writeFile(join(folder.path, "zhil-bisect/state.json"), "{");
    const { code, stderr } = await call(["bisect", "--good", ids[0]!, "--bad", "main"]);
    expect(code).toBe(2);
    expect(stderr).toContain("it is no state of a bisection");
  });
});

describe("zhil bisect-step", () => {
  const step = (kernel: FakeKernel, ...argv: readonly string[]): Promise<Call> => {
    makeHistory((index) => (index === 1 ? kernel : {}), 2);
    return call(["bisect-step", "--seek", "2:result=EINVAL", ...argv]);
  };

  it.each([
    [0, "good: not seen in 3 runs", {}],
    [1, 'bad, run 1: step 2 open: result: expected "OK", observed "EINVAL"', { fails: 100 }],
    [125, "skip: Cannot build: make ended with exit code 2: a.c:1:2: error", { doesNotBuild: true }],
    [125, "skip: does not boot: The kernel panicked", { doesNotBoot: true }],
    [125, "skip: step 1 bind: result", { failsOtherwise: true }],
  ] as const)("exits with %i: %s", async (code, text, kernel) => {
    const done = await step(kernel);
    expect(done.stdout).toContain(text);
    expect(done.code).toBe(code);
  });

  it.each([
    ["a wrong option", ["--sek", "x"]],
    ["an unknown commit", ["--commit", "nowhere"]],
    ["a failure that is none", ["--seek", "x"]],
  ])("skips on %s: 2 would be bad to git", async (_, argv) => {
    const done = await step({}, ...argv);
    expect(done.stderr).not.toBe("");
    expect(done.code).toBe(125);
  });

  it("asks what it is to look for", async () => {
    makeHistory(() => ({}), 2);
    const { code, stderr } = await call(["bisect-step"]);
    expect(stderr).toContain("nothing says which failure is looked for");
    expect(code).toBe(125);
  });

  it("leads git bisect run to the commit, past one that does not build", () => {
    const ids = makeHistory(
      failsFrom(1, (index) => (index === 2 ? { doesNotBuild: true } : {})),
      5,
    );
    const git = (...words: readonly string[]): string =>
      execFileSync("git", ["-C", join(folder.path, "linux"), ...words], { encoding: "utf8" });
    git("bisect", "start", "main", ids[0]!);
    const words = ["--scenarios", join(folder.path, "scenarios"), "--runs", "1", "--seek", "2:result=EINVAL"];
    const said = git("bisect", "run", process.execPath, ...processOf("1000"), "bisect-step", ...words, "one");
    expect(said).toContain("skip: Cannot build");
    expect(said).toContain(`${ids[1]!} is the first bad commit`);
  }, 900_000);
});
