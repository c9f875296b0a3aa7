import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { PageData, PageDetail } from "../../../src/report/page-data.ts";
import { callCli } from "../../testing/call-cli.ts";
import { fakeBench, type FakeBenchOptions } from "../../testing/fake-bench.ts";
import { quirkyScenarioText, scenarioText, temporaryFolder } from "../../testing/scenario-files.ts";

const deviating: FakeBenchOptions = {
  onStep: ({ honest, step }) => (step === 2 ? { ...honest, result: "EINVAL" } : honest),
};

/** Runs scenarios once on each bench, calls `zhil report`, and reads what the page is given. */
async function report(
  benches: readonly FakeBenchOptions[],
  argv: readonly string[] = [],
): Promise<{ data: PageData; details: PageDetail[]; stdout: string }> {
  await using folder = await temporaryFolder({
    "scenarios/first.yaml": scenarioText("first"),
    "scenarios/quirky.yaml": quirkyScenarioText,
  });
  for (const [index, bench] of benches.entries()) {
    const services = { openBench: () => Promise.resolve(fakeBench(bench)) };
    await callCli(["run", "--out", `run-${index}`], { workingFolder: folder.path, services });
  }
  const runs = benches.map((_, index) => `run-${index}/latest`);
  const { stdout, stderr } = await callCli(["report", ...runs, "-o", "page.html", ...argv], {
    workingFolder: folder.path,
  });
  expect(stderr).toBe("");
  const data = JSON.parse(await readFile(join(folder.path, "page.html"), "utf8")) as PageData;
  const details = data.details.map(
    (each) => JSON.parse(inflateRawSync(Buffer.from(each, "base64")).toString()) as PageDetail,
  );
  return { data, details, stdout };
}

describe("zhil report", () => {
  it("has a row for each scenario, a column for each run, and says how large it is", async () => {
    const { data, stdout } = await report([{}, deviating]);
    expect(data.scenarios.map(({ name }) => name)).toEqual(["first", "quirky"]);
    expect(data.runs.map(({ kernel, qemu }) => [kernel, qemu])).toEqual([
      ["7.2.13", "11.1.3"],
      ["7.2.13", "11.1.3"],
    ]);
    expect(data.cells.map(({ run, verdict }) => [run, verdict])).toEqual([
      [0, "pass"],
      [0, "pass"],
      [1, "fail"],
      [1, "fail"],
    ]);
    expect(stdout).toMatch(/^page\.html {2}\d+ KiB\n$/u);
  });

  it("puts fails together that are alike, the shortest first", async () => {
    const { data } = await report([deviating]);
    expect(data.findings).toEqual([
      {
        ...{ operation: "open", operations: ["open"], path: "result" },
        leads: [
          expect.objectContaining({ step: 1, text: "bind function=a", result: "OK" }) as object,
          expect.objectContaining({ step: 2, text: "open function=a", result: "EINVAL" }) as object,
        ],
        meaning: expect.stringContaining("errno") as string,
        cells: [0, 1],
      },
    ]);
    expect(data.cells[0]?.first).toEqual({
      step: 2,
      operation: "open",
      path: "result",
      expected: '"OK"',
      observed: '"EINVAL"',
      contract: null,
    });
    expect(data.grounds["open"]).toContain("vfio");
  });

  it("has expectation beside observation, what differs first, and the model before and after", async () => {
    const { details } = await report([deviating]);
    const step = details[0]?.steps[1];
    expect(step?.rows[0]).toEqual(["result", '"OK"', '"EINVAL"', 1]);
    expect(step?.rows.slice(1).every(([, , , differs]) => differs === 0)).toBe(true);
    const pictures = details[1]?.steps.map(({ before, after }) => [before, after]) ?? [];
    expect(pictures[0]?.[0]).toBe(0);
    for (const [index, [before]] of pictures.entries()) if (index > 0) expect(before).toBe(pictures[index - 1]?.[1]);
    expect(details[1]?.nodes.map(({ title }) => title)).toContain("IOAS B");
  });

  it("is left in the folder of every run", async () => {
    await using folder = await temporaryFolder({ "scenarios/first.yaml": scenarioText("first") });
    const services = { openBench: () => Promise.resolve(fakeBench()) };
    await callCli(["run"], { workingFolder: folder.path, services });
    expect((await stat(join(folder.path, "zhil-runs/latest/report.html"))).size).toBeGreaterThan(100);
  });

  it("has no pictures where the model judges otherwise than it did then", async () => {
    await using folder = await temporaryFolder({ "scenarios/first.yaml": scenarioText("first") });
    const services = { openBench: () => Promise.resolve(fakeBench()) };
    await callCli(["run"], { workingFolder: folder.path, services });
    const file = join(folder.path, "zhil-runs/latest/first/judgement.json");
    await writeFile(file, (await readFile(file, "utf8")).replace('"result":"OK"', '"result":"EIO"'));
    await callCli(["report"], { workingFolder: folder.path });
    const data = JSON.parse(await readFile(join(folder.path, "report.html"), "utf8")) as PageData;
    const detail = JSON.parse(inflateRawSync(Buffer.from(data.details[0] ?? "", "base64")).toString()) as PageDetail;
    expect(detail.unpictured).toContain("has changed since this was judged");
    expect(detail.steps.map(({ before }) => before)).toEqual([-1, -1, -1]);
  });

  it("says which folder holds nothing", async () => {
    await using folder = await temporaryFolder();
    const { code, stderr } = await callCli(["report", "none"], { workingFolder: folder.path });
    expect(stderr).toMatch(/Cannot read the folder ".*none"/u);
    expect(code).toBe(2);
  });
});
