import { existsSync } from "node:fs";
import { readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { callCli } from "../testing/call-cli.ts";
import { fakeBench, type FakeBenchOptions } from "../testing/fake-bench.ts";
import { runJson, twoScenarios } from "../testing/run-json.ts";
import { scenarioText, temporaryFolder } from "../testing/scenario-files.ts";

describe("evidence", () => {
  it("has everything needed to judge and to repeat a scenario", async () => {
    const { folderOf, records } = await runJson({ first: scenarioText("first") });
    const files = folderOf("first");
    const trace = files["trace.ndjson"]
      ?.trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(trace?.[0]).toMatchObject({ trace: 2, scenario: "first", profile: { kernel: { version: "7.2.13" } } });
    expect(trace?.slice(1).map((step) => step["step"])).toEqual([1, 2, 3]);
    expect(files["operations.yaml"]).toContain("note: Nothing is left");
    expect(files["qemu-command"]).toBe("qemu-system-s390x -kernel image\n");
    expect(files["digests"]).toBe("00  /boot/image\n");
    expect(files["reproduce"]).toMatch(/^zhil run first --bench emulated --scenarios \S+\n$/u);
    expect(JSON.parse(files["record.json"] ?? "")).toEqual(records[0]);
  });

  it("keeps the console of what did not go well, and of the rest with --keep", async () => {
    const bench: FakeBenchOptions = {
      onStep: ({ honest, scenario }) => (scenario === "second" ? { ...honest, result: "EIO" } : honest),
    };
    const usual = await runJson(twoScenarios, bench);
    expect(usual.folderOf("first")["console.log"]).toBeUndefined();
    expect(usual.folderOf("second")["console.log"]).toBe("second booted\n");
    const keeping = await runJson(twoScenarios, bench, { argv: ["--keep"] });
    expect(keeping.folderOf("first")["console.log"]).toBe("first booted\n");
  });

  it("has a folder for each of two scenarios of one name, and paths where paths were given", async () => {
    await using folder = await temporaryFolder({
      "scenarios/first.yaml": scenarioText("first"),
      "mine/first.yaml": scenarioText("first"),
    });
    const services = { openBench: () => Promise.resolve(fakeBench()) };
    await callCli(["run", "first", "./mine/first.yaml", "-j", "1"], { workingFolder: folder.path, services });
    const lines = await Promise.all(
      ["first", "first-2"].map((name) => readFile(join(folder.path, "zhil-runs/latest", name, "reproduce"), "utf8")),
    );
    expect(lines.sort()).toEqual([
      `zhil run ${join(folder.path, "mine/first.yaml")} --bench emulated\n`,
      `zhil run first --bench emulated --scenarios ${join(folder.path, "scenarios")}\n`,
    ]);
  });

  it("points latest to the newest run", async () => {
    await using folder = await temporaryFolder({ "scenarios/first.yaml": scenarioText("first") });
    const services = { openBench: () => Promise.resolve(fakeBench()) };
    await callCli(["run", "--out", "kept"], { workingFolder: folder.path, services });
    const { stdout } = await callCli(["run", "--out", "kept"], { workingFolder: folder.path, services });
    const latest = await readlink(join(folder.path, "kept", "latest"));
    expect(stdout).toContain(latest);
    expect(existsSync(join(folder.path, "kept", "latest", "first", "record.json"))).toBe(true);
  });
});

describe("output", () => {
  it("keeps standard output for records where --json is given", async () => {
    const { stdout, stderr } = await runJson(twoScenarios);
    expect(stdout.trim().split("\n")).toHaveLength(2);
    expect(stderr).toContain("2 pass, 0 fail, 0 known, 0 skip, 0 error");
  });

  it("prints lines and counts without colours where nobody looks", async () => {
    await using folder = await temporaryFolder({ "scenarios/first.yaml": scenarioText("first") });
    const services = { openBench: () => Promise.resolve(fakeBench()) };
    const { stdout } = await callCli(["run"], { workingFolder: folder.path, services });
    expect(stdout).toMatch(/^pass {2}first +\d/mu);
    expect(stdout).not.toContain("\u001b");
  });

  it("shows colours and progress on a terminal, and no colours with NO_COLOR or --no-color", async () => {
    await using folder = await temporaryFolder({ "scenarios/first.yaml": scenarioText("first") });
    const services = { openBench: () => Promise.resolve(fakeBench()) };
    const options = { workingFolder: folder.path, services, isTerminal: true, columns: 80 };
    const coloured = await callCli(["run"], options);
    expect(coloured.stdout).toContain("\u001b[32mpass");
    expect(coloured.stdout).toContain("[0/1] first");
    for (const call of [
      await callCli(["run"], { ...options, environment: { NO_COLOR: "1" } }),
      await callCli(["run", "--no-color"], options),
    ]) {
      expect(call.stdout).not.toContain("\u001b[32m");
    }
  });

  it("prints plan and machine with --dry-run, and starts nothing", async () => {
    await using folder = await temporaryFolder({ "scenarios/first.yaml": scenarioText("first") });
    const services = {
      openBench: () =>
        Promise.resolve(
          fakeBench({
            onStart: () => {
              throw new Error("started");
            },
          }),
        ),
    };
    const { code, stdout } = await callCli(["run", "--dry-run"], { workingFolder: folder.path, services });
    expect(stdout).toContain("  - bind: { function: a }");
    expect(stdout).toContain("  - close: { function: a }\n    note: Nothing is left");
    expect(stdout).toContain("qemu-system-s390x -kernel image");
    expect(code).toBe(0);
    expect(existsSync(join(folder.path, "zhil-runs"))).toBe(false);
  });
});
