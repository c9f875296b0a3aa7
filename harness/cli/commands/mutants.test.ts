import { describe, expect, it } from "vitest";
import { callCli } from "../../testing/call-cli.ts";

describe("zhil mutants", () => {
  it("lists what each mutant breaks and how it shows, and starts nothing", async () => {
    const { code, stdout } = await callCli(["mutants", "--list", "read-only-ignored"], { workingFolder: "/" });
    expect(stdout).toMatch(
      /^read-only-ignored {2}access dma\n {4}breaks: A mapping without write.*\n {4}seen as: dma-write to.*\n$/u,
    );
    expect(code).toBe(0);
  });

  it("lists for programs, a mutant a line", async () => {
    const { stdout } = await callCli(["mutants", "--list", "--json"], { workingFolder: "/" });
    const names = stdout
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { name: string }).name);
    expect(names).toContain("ioat-left-registered");
    expect(names).toEqual([...names].sort());
  });

  it("knows no other mutants, with 2", async () => {
    const { code, stderr } = await callCli(["mutants", "read-only-ignord"], { workingFolder: "/" });
    expect(stderr).toContain('Unknown mutant "read-only-ignord": did you mean "read-only-ignored"?');
    expect(code).toBe(2);
  });

  it("explains its verdicts and exit codes", async () => {
    const { stdout } = await callCli(["help", "mutants"], { workingFolder: "/" });
    for (const word of [
      "killed",
      "survived",
      "unclear",
      "broken",
      "unbuilt",
      "Exits with 1 where a mutant survived",
    ]) {
      expect(stdout).toContain(word);
    }
  });
});
