import { describe, expect, it } from "vitest";
import { parseScenario, ScenarioError } from "../scenario/parse.ts";
import { modelProfile } from "../target/model-target.ts";
import { evaluateAddress, makePlan } from "./make-plan.ts";
import type { Plan } from "./plan.ts";

const aperture = { first: 0x1_0000_0000n, last: 0x1_1fff_ffffn };

const planOf = (steps: string, memoryMiB = 512): Plan =>
  makePlan(
    parseScenario(
      `name: sample\nsummary: What is made of it\ntags: [sample]\nfunctions: { a: nvme, r: virtio-rng }\nbuffers: { p: 2 }\nsteps:\n${steps}`,
      "sample.yaml",
    ),
    { ...modelProfile, memoryMiB },
  );

describe("an address", () => {
  it.each([
    ["0x1000", 0x1000n],
    ["0xffffffffffffffff", 0xffff_ffff_ffff_ffffn],
    ["base", aperture.first],
    ["base+0x10000", aperture.first + 0x10000n],
    ["base-0x1000", aperture.first - 0x1000n],
    ["last", aperture.last],
    ["last-0xfff", aperture.last - 0xfffn],
    ["last+0x1", aperture.last + 1n],
  ])("%s is a number", (text, expected) => {
    expect(evaluateAddress(text, aperture)).toBe(expected);
  });

  it("follows the memory of the machine", () => {
    const ioas = "  - ioas-alloc: { ioas: A }\n  - ioas-unmap: { ioas: A, iova: last-0xfff, length: 0x1000 }";
    expect(planOf(ioas).steps[1]?.operation).toMatchObject({ iova: "0x11ffff000", length: "0x1000" });
    expect(planOf(ioas, 1024).steps[1]?.operation).toMatchObject({ iova: "0x13ffff000" });
  });

  it("that leaves 64 bits is the scenario's error, with its step", () => {
    const steps = (iova: string): string =>
      `  - ioas-alloc: { ioas: A }\n  - ioas-unmap: { ioas: A, iova: ${iova}, length: 0x1 }`;
    expect(() => planOf(steps("base-0xfffffffffffffff0"))).toThrow(ScenarioError);
    expect(() => planOf(steps("last+0xfffffffffffffff0"))).toThrow(
      'step 2: "last+0xfffffffffffffff0" is not a 64-bit address',
    );
  });
});

describe("a plan", () => {
  it("gives each function a UID and a FID of its own, in the scenario's order", () => {
    expect(planOf("  - look:").functions).toEqual([
      { name: "a", device: "nvme", uid: 1, fid: 0x20 },
      { name: "r", device: "virtio-rng", uid: 2, fid: 0x21 },
    ]);
  });

  it("has the profile's functions, buffers, and every operation with its defaults", () => {
    const plan = planOf("  - take-iommufd: { function: a }\n    note: All three");
    expect(plan.scenario).toBe("sample");
    expect(plan.profile.functions).toEqual(plan.functions);
    expect(plan.buffers).toEqual([{ name: "p", pages: 2 }]);
    expect(plan.steps).toEqual([
      { operation: { op: "bind", function: "a" }, note: "All three" },
      { operation: { op: "open", function: "a" }, note: null },
      { operation: { op: "bind-iommufd", function: "a", iommufd: "main" }, note: null },
    ]);
  });

  it("leaves an IOVA that the kernel is to choose out", () => {
    const plan = planOf("  - ioas-alloc: { ioas: A }\n  - ioas-map: { ioas: A, buffer: p }");
    expect(plan.steps[1]?.operation).not.toHaveProperty("iova");
  });

  it("makes both addresses of a copy numbers", () => {
    const plan = planOf(
      "  - ioas-alloc: { ioas: A }\n  - ioas-copy: { from: A, to: A, source: base, iova: last, length: 0x1 }",
    );
    expect(plan.steps[1]?.operation).toMatchObject({ source: "0x100000000", iova: "0x11fffffff" });
  });
});

it("finds a module from where the scenario's file lies", () => {
  const moduleOf = (device: string, file: string): string | undefined => {
    const text = `name: sample\nsummary: What is made of it\ntags: [sample]\nfunctions: { a: ${device} }\nsteps:\n  - look:`;
    const [fn] = makePlan(parseScenario(text, file), modelProfile).functions;
    expect(fn?.device).toBe("own");
    return fn?.module;
  };
  expect(moduleOf("./mine.mjs", "some/where/s.yaml")).toBe("some/where/./mine.mjs");
  expect(moduleOf("../mine.mjs", "s.yaml")).toBe("../mine.mjs");
  expect(moduleOf("/opt/mine.mjs", "some/where/s.yaml")).toBe("/opt/mine.mjs");
});
