import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, it } from "vitest";
import { buildCommand } from "../testing/build-command.ts";
import { callCli } from "../testing/call-cli.ts";
import { scenarioText, temporaryFolder } from "../testing/scenario-files.ts";

it("judges many traces by two threads as it does by one, and in the same order", async () => {
  await using command = await buildCommand();
  await using folder = await temporaryFolder({ "scenarios/first.yaml": scenarioText("first") });
  const place = { workingFolder: folder.path };
  await callCli(["run", "--bench", "model"], place);
  await mkdir(join(folder.path, "many"));
  const trace = join(folder.path, "zhil-runs/latest/first/trace.ndjson");
  for (let each = 0; each < 301; each++) await copyFile(trace, join(folder.path, "many", `${each}.ndjson`));
  await copyFile(join(folder.path, "scenarios/first.yaml"), join(folder.path, "many/7-none.ndjson"));
  const alone = await callCli(["check", "many", "--json"], place);
  const program = await execa(process.execPath, [command.program, "check", "many", "--json"], {
    cwd: folder.path,
    reject: false,
    stripFinalNewline: false,
  });
  expect(alone.stdout.split("\n")).toHaveLength(302);
  expect(program.stdout).toBe(alone.stdout);
  expect(program.stderr).toContain("7-none.ndjson");
  expect([program.exitCode, alone.code]).toEqual([2, 2]);
});
