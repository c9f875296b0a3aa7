/** Shells in machines that do what the model says, or what was planted. */
import { describe, expect, it } from "vitest";
import { callCli, type Call } from "../../testing/call-cli.ts";
import { fakeBench, type FakeBenchOptions } from "../../testing/fake-bench.ts";
import { quirkyScenarioText, scenarioText, temporaryFolder } from "../../testing/scenario-files.ts";
import { openModelBench } from "../../run/model-bench.ts";

async function type(typed: string, argv: readonly string[], bench: FakeBenchOptions | null = null): Promise<Call> {
  await using folder = await temporaryFolder({
    "scenarios/quirky.yaml": quirkyScenarioText,
    "scenarios/short.yaml": scenarioText("short"),
  });
  const openBench = () => Promise.resolve(bench === null ? openModelBench() : fakeBench(bench));
  return await callCli(["shell", ...argv, "--scenarios", "scenarios"], {
    workingFolder: folder.path,
    typed,
    services: { openBench },
  });
}

describe("zhil shell", () => {
  it("is before the step that differs, which it performs and shows beside what was expected", async () => {
    const { code, stdout, stderr } = await type("next\n", ["quirky"], { quirks: ["shadow-by-rpcit"] });
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toContain("quirky, before step 12, dma-write");
    expect(stdout).toMatch(/\* 12 {2}dma-write .* FAIL/u);
    expect(stdout).toMatch(/≠ memory\.q\[0\] +expected "block:a:2" +observed nothing/u);
  });

  it("performs steps in the scenario's own words and names, between its own, and judges them", async () => {
    const typed = ["ioas-unmap: { ioas: B, iova: base+0x10000, length: 0x1000 }", "next", "show", "list"].join("\n");
    const { stdout } = await type(`${typed}\n`, ["quirky", "--step", "11"]);
    expect(stdout).toMatch(/ 11 {2}ioas-unmap ioas=B iova=0x100010000 length=0x1000 {2}OK/u);
    expect(stdout).toMatch(/ 12 {2}replace function=a to=B {2}OK/u);
    expect(stdout).toMatch(/functions\.a\.driver +expected "vfio-pci" +observed "vfio-pci"/u);
    expect(stdout).toMatch(/^> 12 {2}dma-write/mu);
  });

  it("takes phrases, the rest of the scenario, and a step with a dash", async () => {
    const { stdout, code } = await type("- look: {}\nnext all\nnext\nclose: { function: a }\n", [
      "short",
      "--step",
      "1",
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/ 1 {2}look .*OK/u);
    expect(stdout).toMatch(/ 4 {2}close function=a {2}OK/u);
    expect(stdout).toContain("The scenario has no operation left");
    expect(stdout).toContain('Function "a" is not open');
  });

  it("says what is wrong with a line, and takes the next", async () => {
    const typed = "atach: { function: a }\nattach: { function: b, to: A }\nshow 7\nnothing: [\nhelp\nexit\nnext\n";
    const { stdout, code } = await type(typed, ["short", "--step", "2"]);
    expect(code).toBe(0);
    expect(stdout).toContain('did you mean "attach"');
    expect(stdout).toContain("No step 7: 1 were performed");
    expect(stdout).toContain("not YAML");
    expect(stdout).toContain("ends the machine and leaves");
    expect(stdout).not.toMatch(/ 2 {2}open/u);
  });

  it("has the guest's console, escaped", async () => {
    const { stdout } = await type("console\n", ["short", "--step", "1"], {});
    expect(stdout).toContain("  | short booted");
  });

  it("performs nothing on a kernel that does not answer any more", async () => {
    const dead: FakeBenchOptions = {
      onStep: ({ honest, step }) => (step === 2 ? { ...honest, result: "panic" } : honest),
    };
    const { stdout, code } = await type("next\nlook: {}\n", ["short"], dead);
    expect(stdout).toContain("short, before step 2, open");
    expect(stdout).toContain("The kernel does not answer any more: panic");
    expect(code).toBe(0);
  });

  it("ends its machine, whatever was typed, and where it is interrupted", async () => {
    let ended = 0;
    const onEnd = (): void => void (ended += 1);
    await type("next\n", ["short"], { onEnd });
    expect(ended).toBe(2);
    const { code, stderr } = await type("", ["short", "--step", "9"], { onEnd });
    expect(code).toBe(2);
    expect(stderr).toContain('No step 9: "short" has 3');
    expect(ended).toBe(2);
  });
});
