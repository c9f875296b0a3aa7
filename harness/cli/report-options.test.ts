import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { callCli } from "../testing/call-cli.ts";
import { fakeBench } from "../testing/fake-bench.ts";
import { scenarioText, temporaryFolder } from "../testing/scenario-files.ts";

const openBench = () => Promise.resolve(fakeBench());
const files = { "scenarios/attach-twice.yaml": scenarioText("attach-twice") };

it("writes every report that was asked for, in the name of who reports", async () => {
  await using folder = await temporaryFolder(files);
  const argv = ["ktap=run.ktap", "kcidb=run.json", "markdown=a=b.md"].flatMap((report) => ["--report", report]);
  const { code } = await callCli(["run", ...argv, "--junit", "run.xml"], {
    ...{ workingFolder: folder.path, services: { openBench } },
    environment: { ZHIL_KCIDB_ORIGIN: "our_lab" },
  });
  expect(code).toBe(0);
  const read = (name: string): Promise<string> => readFile(join(folder.path, name), "utf8");
  expect(await read("run.ktap")).toMatch(/^ok 1 attach-twice$/mu);
  expect(JSON.parse(await read("run.json"))).toMatchObject({ tests: [{ origin: "our_lab", status: "PASS" }] });
  expect(await read("a=b.md")).toContain("1 pass");
  expect(await read("run.xml")).toContain('tests="1"');
});

it.each([
  [["--report", "junti=x"], {}, /Expected FORMAT=FILE, with ktap, junit, kcidb, markdown for a format/u],
  [["--report", "ktap"], {}, /Expected FORMAT=FILE/u],
  [["--report", "kcidb=x", "--bench", "model"], {}, /Cannot report bench "model" to KCIDB: no kernel runs on it/u],
  [["--report", "kcidb=x"], { ZHIL_KCIDB_ORIGIN: "Our Lab" }, /Cannot report to KCIDB as "Our Lab"/u],
  [["--report", "ktap=x", "--fail-nth"], {}, /Cannot use --report or --junit with --fail-nth/u],
  [["--junit", "x", "--dry-run"], {}, /Cannot use --report or --junit with --dry-run/u],
])("refuses %j before anything runs", async (argv, environment, message) => {
  await using folder = await temporaryFolder(files);
  const call = await callCli(["run", ...argv], {
    ...{ workingFolder: folder.path, services: { openBench }, environment },
  });
  expect(call).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(message) as string });
});
