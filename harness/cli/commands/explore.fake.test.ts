import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { modelTargetWith } from "../../../src/target/model-target.ts";
import { findingSchema } from "../../explore/findings.ts";
import { openModelBench } from "../../run/model-bench.ts";
import { callCli } from "../../testing/call-cli.ts";
import { temporaryFolder } from "../../testing/scenario-files.ts";

describe("zhil explore", () => {
  it("says what it did, and exits with 0 where nothing was found", async () => {
    await using folder = await temporaryFolder();
    const argv = ["explore", "--bench", "model", "--time", "1s", "--seed", "5", "-j", "1"];
    const { code, stdout, stderr } = await callCli(argv, { workingFolder: folder.path });
    expect(stderr).toBe("");
    expect(stdout).toMatch(
      /^exploring model: .*, 1 at a time, seed 5\n\d+ operations in \d+ sequences, .*; 0 found, in /u,
    );
    expect(code).toBe(0);
  });

  it("exits with 1 where something was found, a record on standard output and the scenario in its folder", async () => {
    await using folder = await temporaryFolder();
    const bench = {
      ...openModelBench(),
      createTarget: () => modelTargetWith(new Set(["blocked-dma-silent" as const])),
    };
    const services = { openBench: () => Promise.resolve(bench) };
    const argv = ["explore", "--seed", "1", "--until-found", "--json", "--shrink-time", "5s"];
    const { code, stdout, stderr } = await callCli(argv, { workingFolder: folder.path, services });
    expect(code).toBe(1);
    const finding = findingSchema.parse(JSON.parse(stdout));
    expect(finding.file).toBe(join(folder.path, "zhil-findings", `${finding.name}.yaml`));
    expect(await readdir(join(folder.path, "zhil-findings"))).toEqual([
      `${finding.name}.json`,
      `${finding.name}.yaml`,
    ]);
    expect(stderr).toContain(`zhil-findings/${finding.name}.yaml, --replay 1:${String(finding.sequence)}`);
  }, 240_000);

  it.each([
    [["--time", "10"], "Expected a duration such as 90s, 10m or 8h"],
    [["--replay", "7"], "Expected a seed and the number of a sequence"],
    [["--subject", "tpye1"], "Expected one of iommufd, type1"],
    [["--seed", "-1"], "Expected a whole number from 0 to 2147483647"],
    [["--seed", "1", "--replay", "1:2"], "Cannot use --seed with --replay"],
    [["--bench", "model", "--kernel", "x"], 'Cannot use --kernel or --qemu on bench "model"'],
  ])("refuses %s", async (argv, message) => {
    await using folder = await temporaryFolder();
    const { code, stderr } = await callCli(["explore", ...argv], { workingFolder: folder.path });
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });
});
