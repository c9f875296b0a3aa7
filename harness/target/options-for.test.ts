import { expect, it, vi } from "vitest";
import { fakePlan } from "../testing/fake-plan.ts";
import type { TemplateSupply } from "../template/template-supply.ts";
import { optionsFor, type MachineOptions } from "./emulated-options.ts";

const supply = {} as TemplateSupply;
const { commandLine } = fakePlan.profile.kernel;
const options = { profile: fakePlan.profile, kernel: "bzImage", templates: supply } as unknown as MachineOptions;
const told = {
  profile: {
    ...fakePlan.profile,
    kernel: { ...fakePlan.profile.kernel, commandLine: `${commandLine} iommu.strict=1` },
  },
};

it("leaves a machine as it is whose kernel is told nothing else", () => {
  expect(optionsFor(options, fakePlan)).toBe(options);
});

it("gives a kernel that is told more its own command line and templates, never those of another", () => {
  const other = {} as TemplateSupply;
  const templatesFor = vi.fn(() => other);
  const made = optionsFor({ ...options, templatesFor }, told);
  expect(made.profile.kernel.commandLine).toBe(`${commandLine} iommu.strict=1`);
  expect(made.templates).toBe(other);
  expect(templatesFor).toHaveBeenCalledWith(`${commandLine} iommu.strict=1`);
  expect(optionsFor(options, told)).not.toHaveProperty("templates");
});
