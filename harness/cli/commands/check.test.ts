import { cp, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { callCli, type Call } from "../../testing/call-cli.ts";
import { fakeBench, ledgerOf, type FakeBenchOptions } from "../../testing/fake-bench.ts";
import {
  quirkyScenarioText,
  scenarioText,
  temporaryFolder,
  type TemporaryFolder,
} from "../../testing/scenario-files.ts";

const deviating: FakeBenchOptions = {
  onStep: ({ honest, scenario, step }) =>
    scenario === "first" && step === 2 ? { ...honest, result: "EINVAL" } : honest,
};

/** Records two scenarios into each of the folders named, on the benches given. */
async function record(...benches: readonly FakeBenchOptions[]): Promise<TemporaryFolder> {
  const folder = await temporaryFolder({
    "scenarios/first.yaml": scenarioText("first"),
    "scenarios/quirky.yaml": quirkyScenarioText,
  });
  for (const [index, bench] of benches.entries()) {
    const services = { openBench: () => Promise.resolve(fakeBench(bench)) };
    await callCli(["run", "--out", `run-${index}`], { workingFolder: folder.path, services });
  }
  return folder;
}
const call = (
  argv: readonly string[],
  { path }: TemporaryFolder,
  entries: Parameters<typeof ledgerOf>[0][] = [],
): Promise<Call> =>
  callCli(argv, { workingFolder: path, services: { readLedger: () => Promise.resolve(entries.flatMap(ledgerOf)) } });

describe("zhil check", () => {
  it("judges every trace below a folder, without any machine", async () => {
    await using folder = await record(deviating);
    const { code, stdout } = await call(["check", "run-0/latest"], folder);
    expect(stdout).toMatch(
      /^fail {2}run-0\/latest\/first\/trace\.ndjson\n {6}step 2 open: result: expected "OK", observed "EINVAL"\n/u,
    );
    expect(stdout).toMatch(/1 pass, 1 fail, 0 known in \d+\.\d\d s\n$/u);
    expect(code).toBe(1);
  });

  it("judges traces of one plan each by itself, and tells of them in the order of their paths, a link's not twice", async () => {
    await using folder = await record(deviating, {}, deviating);
    const { stdout } = await call(["check", "run-2", "run-0", "run-1", "--json"], folder);
    const told = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { trace: string; verdict: string });
    expect(
      told.map(({ trace, verdict }) => `${/run-\d/u.exec(trace)?.[0]} ${basename(dirname(trace))} ${verdict}`),
    ).toEqual([
      ...["run-2 first fail", "run-2 quirky pass", "run-0 first fail", "run-0 quirky pass"],
      ...["run-1 first pass", "run-1 quirky pass"],
    ]);
  });

  it("judges by today's ledger, and says what the verdict was", async () => {
    await using folder = await record({ quirks: ["shadow-by-rpcit"] });
    const { code, stdout } = await call(["check", "run-0/latest"], folder, ["shadow-by-rpcit"]);
    expect(stdout).toContain("known run-0/latest/quirky/trace.ndjson  (was fail)\n      shadow-by-rpcit\n");
    expect(code).toBe(0);
  });

  it("needs nothing but the trace, and speaks JSON", async () => {
    await using folder = await record({});
    await cp(join(folder.path, "run-0/latest/quirky/trace.ndjson"), join(folder.path, "sent.ndjson"));
    const { code, stdout } = await call(["check", "sent.ndjson", "--json"], folder, ["shadow-by-rpcit"]);
    expect(JSON.parse(stdout)).toMatchObject({
      scenario: "quirky",
      verdict: "pass",
      recorded: null,
      stale: ["shadow-by-rpcit"],
    });
    expect(code).toBe(0);
  });

  it("reads on where one trace is of a newer version, and says so", async () => {
    await using folder = await record({});
    const trace = join(folder.path, "run-0/latest/first/trace.ndjson");
    await writeFile(trace, (await readFile(trace, "utf8")).replace('"trace":2', '"trace":3'));
    const { code, stdout, stderr } = await call(["check", "run-0/latest"], folder);
    expect(stderr).toContain("it has version 3, newest known is 2");
    expect(stdout).toContain("1 pass, 0 fail, 0 known, 1 unreadable");
    expect(code).toBe(2);
  });

  it.each(["none", "scenarios"])("says where there is no trace: %s", async (name) => {
    await using folder = await record();
    const { code, stderr } = await call(["check", name], folder);
    expect(stderr).toMatch(/Cannot read ".*none"|No trace in ".*scenarios"/u);
    expect(code).toBe(2);
  });
});

describe("zhil compare", () => {
  it("pairs scenarios of runs, and shows the first difference of each", async () => {
    await using folder = await record({}, deviating);
    const { code, stdout } = await call(["compare", "run-0/latest", "run-1/latest"], folder);
    expect(stdout).toMatch(/^first\n {3}2 {2}open function=a\n {4}≠ result\n/u);
    expect(stdout).toMatch(/run-0\/latest \(emulated: Linux 7\.2\.13, QEMU 11\.1\.3\) +"OK"\n/u);
    expect(stdout).toMatch(/run-1\/latest .* +"EINVAL"\n/u);
    expect(stdout).toContain("1 alike, 1 differ\n");
    expect(code).toBe(1);
  });

  it("has the contract as one of them", async () => {
    await using folder = await record(deviating);
    const { stdout } = await call(["compare", "run-0/latest/first", "model", "--json"], folder);
    expect(JSON.parse(stdout)).toMatchObject({
      columns: ["model", expect.stringContaining("run-0")],
      steps: [{ step: 2, rows: [{ path: "result", values: ["OK", "EINVAL"] }] }],
    });
  });

  it("is content where all are alike", async () => {
    await using folder = await record({}, {});
    const { code, stdout } = await call(["compare", "run-0/latest", "run-1/latest", "model"], folder);
    expect([code, stdout]).toEqual([0, "2 alike, 0 differ\n"]);
  });

  it("wants two of them", async () => {
    await using folder = await record({});
    expect((await call(["compare", "model", "model"], folder)).stderr).toContain("Cannot compare");
  });
});

describe("zhil divergences", () => {
  it("lists entries with their range, fault and dates, and what the last run says of them", async () => {
    await using folder = await record();
    const services = {
      openBench: () => Promise.resolve(fakeBench({ quirks: ["shadow-by-rpcit"] })),
      readLedger: () => Promise.resolve([...ledgerOf("shadow-by-rpcit"), ...ledgerOf("blocked-dma-silent")]),
    };
    await callCli(["run"], { workingFolder: folder.path, services });
    const { stdout } = await callCli(["divergences", "--json"], { workingFolder: folder.path, services });
    const [first, second] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect([first?.["name"], second?.["name"]].sort()).toEqual(["blocked-dma-silent", "shadow-by-rpcit"]);
    expect([first, second]).toContainEqual(
      expect.objectContaining({ name: "shadow-by-rpcit", shown: ["quirky"], fault: "unknown" }),
    );
    const people = await callCli(["divergences"], { workingFolder: folder.path, services });
    expect(people.stdout).toContain("at fault: unknown; Linux of any version, QEMU of any version");
  });
});
