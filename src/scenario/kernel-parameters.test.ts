import { expect, it } from "vitest";
import { makePlan } from "../plan/make-plan.ts";
import { modelProfile } from "../target/model-target.ts";
import { parseScenario } from "./parse.ts";

const scenarioOf = (line: string) =>
  parseScenario(
    `name: sample\nsummary: What a kernel is told\ntags: [sample]\n${line}\nfunctions: { a: nvme }\nsteps:\n  - look:`,
    "sample.yaml",
  );

it("adds what a kernel is told to the command line that it has", () => {
  const kernel = { ...modelProfile.kernel, commandLine: "console=ttysclp0" };
  const commandLineOf = (line: string): string =>
    makePlan(scenarioOf(line), { ...modelProfile, kernel }).profile.kernel.commandLine;
  expect(commandLineOf("kernel-parameters: [iommu.strict=1]")).toBe("console=ttysclp0 iommu.strict=1");
  expect(commandLineOf("")).toBe("console=ttysclp0");
  expect(
    makePlan(scenarioOf("kernel-parameters: [iommu.strict=0, iommu.passthrough=1]"), modelProfile).profile.kernel
      .commandLine,
  ).toBe("iommu.strict=0 iommu.passthrough=1");
});

it("tells a kernel nothing that is not known here", () => {
  expect(() => scenarioOf("kernel-parameters: [init=/bin/sh]")).toThrow(
    /line 4: "kernel-parameters.0": .*iommu.strict=1/,
  );
  expect(() => scenarioOf("kernel-parameters: iommu.strict=1")).toThrow('"kernel-parameters"');
});
