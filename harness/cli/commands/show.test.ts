import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { callCli, type Call } from "../../testing/call-cli.ts";
import { fakeBench, type FakeBenchOptions } from "../../testing/fake-bench.ts";
import { scenarioText, temporaryFolder, type TemporaryFolder } from "../../testing/scenario-files.ts";

const deviating: FakeBenchOptions = {
  onStep: ({ honest, scenario, step }) =>
    scenario === "second" && step === 2 ? { ...honest, result: "EINVAL", alarms: ["WARNING: \u001b[2J"] } : honest,
};

/** Runs two scenarios and shows what they left, after `change` had its way with it. */
async function showAfter(
  argv: readonly string[],
  change: (folder: string) => Promise<void> = () => Promise.resolve(),
  columns = 160,
): Promise<Call> {
  await using folder: TemporaryFolder = await temporaryFolder({
    "scenarios/first.yaml": scenarioText("first"),
    "scenarios/second.yaml": scenarioText("second"),
  });
  const services = { openBench: () => Promise.resolve(fakeBench(deviating)) };
  await callCli(["run"], { workingFolder: folder.path, services });
  await change(join(folder.path, "zhil-runs", "latest"));
  return await callCli(["show", ...argv], { workingFolder: folder.path, columns });
}

describe("zhil show", () => {
  it("has a line per scenario of a run, latest where nothing is named", async () => {
    const { code, stdout } = await showAfter([]);
    expect(stdout).toContain("pass  zhil-runs/latest/first\n");
    expect(stdout).toContain(
      'fail  zhil-runs/latest/second\n      step 2 open: result: expected "OK", observed "EINVAL"',
    );
    expect(code).toBe(0);
  });

  it("draws the timeline, with expectation beside observation where they differ", async () => {
    const { stdout } = await showAfter(["zhil-runs/latest/second"]);
    expect(stdout).toContain("second  fail\n");
    expect(stdout).toContain("   1  bind function=a  OK  1.5 ms\n");
    expect(stdout).toContain("\n        host      a: driver vfio-pci\n");
    expect(stdout).toContain("*  2  open function=a  EINVAL  FAIL  1.5 ms\n");
    expect(stdout).toContain("        host      WARNING: \\x1b[2J\n");
    expect(stdout).toMatch(/≠ result +expected "OK" +observed "EINVAL"\n/u);
    expect(stdout).toMatch(/≠ alarms +expected \[\] +observed \["WARNING: \\u001b\[2J"\]\n/u);
    expect(stdout).not.toContain("≠ values");
    expect(stdout).toContain("        # Nothing is left\n");
    expect(stdout).toContain("        | vfio-pci: a line \\x1b[2J\n");
    expect(stdout).toMatch(/reproduce: zhil run second --bench emulated --scenarios \S+\n/u);
  });

  it("puts expectation and observation on lines of their own where the terminal is narrow", async () => {
    const { stdout } = await showAfter(["zhil-runs/latest/second"], undefined, 40);
    expect(stdout).toContain('      ≠ result\n          expected "OK"\n          observed "EINVAL"\n');
  });

  it("shows every observation with --all", async () => {
    const { stdout } = await showAfter(["zhil-runs/latest/first", "--all"]);
    expect(stdout).toMatch(/ {8}functions\.a\.driver +expected "vfio-pci" +observed "vfio-pci"\n/u);
  });

  it("shows the end of the console, escaped", async () => {
    const { stdout } = await showAfter(["zhil-runs/latest/second"], (folder) =>
      writeFile(join(folder, "second", "console.log"), "early\n".repeat(100) + "Kernel panic \u001b[2J\n"),
    );
    expect(stdout).toContain("  | Kernel panic \\x1b[2J\n");
    expect(stdout.match(/\| early/gu)).toHaveLength(24);
  });

  it("shows what a killed run left: no verdict, a trace that ends in the middle of a line", async () => {
    const { code, stdout } = await showAfter(["zhil-runs/latest/second"], async (folder) => {
      await rm(join(folder, "second", "record.json"));
      await rm(join(folder, "second", "judgement.json"));
      const trace = join(folder, "second", "trace.ndjson");
      await writeFile(trace, (await readFile(trace, "utf8")).slice(0, -20));
    });
    expect(stdout).toContain("second  no verdict: the run did not get this far");
    expect(stdout).toContain("   2  open function=a  EINVAL");
    expect(stdout).not.toContain("   3  close");
    expect(code).toBe(0);
  });

  it("escapes what a record on disk says, too", async () => {
    const { stdout } = await showAfter(["zhil-runs/latest/second"], async (folder) => {
      const file = join(folder, "second", "record.json");
      const record = JSON.parse(await readFile(file, "utf8")) as object;
      const wild = { summary: "s\u001b", reason: "r\u001b", details: ["d\u001b"], caveats: ["c\u001b"] };
      await writeFile(file, JSON.stringify({ ...record, ...wild }));
    });
    expect(stdout).not.toContain("\u001b");
    for (const word of ["s\\x1b", "r\\x1b", "d\\x1b"]) expect(stdout).toContain(word);
  });

  it("speaks JSON", async () => {
    const { stdout } = await showAfter(["--json"]);
    const shown = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(shown).toMatchObject([
      { record: { verdict: "pass" } },
      { record: { verdict: "fail" }, steps: [{ step: 1 }, {}, {}] },
    ]);
  });

  it.each([
    ["a newer trace", "trace.ndjson", '{"trace":3}\n', "it has version 3, newest known is 2"],
    ["a record of another shape", "record.json", '{"record":1}', "Cannot read the record"],
    ["a record that is no JSON", "record.json", "{", "not JSON"],
  ])("refuses %s", async (_, file, text, message) => {
    const { code, stderr } = await showAfter(["zhil-runs/latest/first"], (folder) =>
      writeFile(join(folder, "first", file), text),
    );
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });

  it("says so where a folder holds no evidence", async () => {
    const { code, stderr } = await showAfter(["scenarios"]);
    expect(stderr).toMatch(/No evidence in ".*scenarios": it holds no record and no trace/u);
    expect(code).toBe(2);
  });
});
