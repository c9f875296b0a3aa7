import { expect, it } from "vitest";
import { callCli } from "../../testing/call-cli.ts";

it("explains its parts and exit codes, and starts nothing", async () => {
  const { code, stdout } = await callCli(["help", "bench"], { workingFolder: "/" });
  for (const word of ["thaw", "scenario", "memory", "runs", "Exits with 2 where a figure could not be measured"]) {
    expect(stdout).toContain(word);
  }
  expect(code).toBe(0);
});

it("knows no other parts, with 2", async () => {
  const { code, stderr } = await callCli(["bench", "--only", "everything"], { workingFolder: "/" });
  expect(stderr).toContain("Expected one of thaw, scenario, memory, dma, messages, check, runs, passthrough.");
  expect(code).toBe(2);
});
