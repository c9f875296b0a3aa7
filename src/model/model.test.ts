import { describe, expect, it } from "vitest";
import { modelProfile } from "../target/model-target.ts";
import { planOf } from "../testing/plan-of.ts";
import type { Profile } from "../trace/profile.ts";
import { ScenarioMistake } from "./scenario-mistake.ts";
import { predict, type Step } from "./model.ts";
import type { QuirkName } from "./quirks.ts";

const last = (steps: string, quirks: QuirkName[] = [], bench: Partial<Profile> = {}): Step["expectation"] => {
  const found = predict(planOf(steps, bench), new Set(quirks)).at(-1);
  if (found === undefined) throw new Error("no step");
  return found.expectation;
};

const attached = `
  take-iommufd: { function: a }
  ioas-alloc: { ioas: A }
  attach: { function: a, to: A }
  start-nvme: { function: a, ioas: A }
  ioas-map: { ioas: A, iova: base+0x10000, buffer: p, pages: 1 }`;

describe("DMA", () => {
  it("lands in the page that the table names", () => {
    const seen = last(`${attached}
      dma-write: { function: a, iova: base+0x10000, block: 3 }`);
    expect(seen.memory).toEqual({ "p[0]": "block:a:3" });
    expect(seen.messages).toEqual([]);
  });

  it("is refused with an error event after unmap", () => {
    const seen = last(`${attached}
      ioas-unmap: { ioas: A, iova: base+0x10000, length: "0x1000" }
      dma-write: { function: a, iova: base+0x10000, block: 3 }`);
    expect(seen.memory).toEqual({});
    expect(seen.messages).toEqual(["a error 0x4"]);
  });

  it("goes on after a hot reset, as the table is registered again", () => {
    const seen = last(`${attached}
      hot-reset: { function: a }
      nvme-enable: { function: a, iova: base }
      dma-write: { function: a, iova: base+0x10000, block: 3 }`);
    expect(seen.memory).toEqual({ "p[0]": "block:a:3" });
  });

  it("is lost after a hot reset where only RPCIT fills the translation", () => {
    const seen = last(
      `${attached}
      hot-reset: { function: a }
      nvme-enable: { function: a, iova: base }`,
      ["shadow-by-rpcit"],
    );
    expect(seen.messages).toEqual(["a error 0x4"]);
    expect(seen.values).toEqual({ $has: { state: { $not: "ready" } } });
  });

  it("keeps its translations over an FLR, whatever fills them", () => {
    const seen = last(
      `${attached}
      reset: { function: a }
      nvme-enable: { function: a, iova: base }`,
      ["shadow-by-rpcit"],
    );
    expect(seen.values).toEqual({ state: "ready" });
  });

  it("isolates a blocked function (seed 004), unless that is known to be silent", () => {
    const steps = `${attached}
      detach: { function: a }
      dma-write: { function: a, iova: base+0x10000, block: 3 }`;
    expect(JSON.stringify(last(steps).messages)).toContain("a error");
    expect(last(steps, ["blocked-dma-silent"]).messages).toEqual([]);
  });

  it("leaves the function in the error state with a kernel before 7.0", () => {
    const steps = `${attached}
      dma-write: { function: a, iova: base+0x50000, block: 3 }
      ioas-map: { ioas: A, iova: base+0x60000, buffer: q, pages: 1 }`;
    const old = { kernel: { version: "6.12.107", digest: "none", options: ["*"], commandLine: "", patches: [] } };
    expect(last(steps).result).toBe("OK");
    expect(last(steps, [], old).result).toBe("EIO");
  });

  it("finds a function that such a kernel gave up out of reach, and resets it by its slot from then on", () => {
    const old = { kernel: { version: "6.12.107", digest: "none", options: ["*"], commandLine: "", patches: [] } };
    const given = `${attached}
      dma-write: { function: a, iova: base+0x50000, block: 3 }`;
    expect(last(`${given}\n      nvme-enable: { function: a, iova: base }`, [], old).result).toBe("EIO");
    expect(last(`${given}\n      dma-write: { function: a, iova: base+0x10000, block: 4 }`, [], old)).toMatchObject({
      result: "OK",
      messages: [],
      memory: {},
    });
    const byFlr = last(`${given}\n      reset: { function: a }\n      reset: { function: a }`);
    expect(byFlr.messages).toEqual([]);
    const bySlot = last(`${given}\n      reset: { function: a }\n      reset: { function: a }`, [], old);
    expect(bySlot.messages).toEqual(["a reset", "a disable", "a enable"]);
    const alone = `${given}\n      reset-method: { function: a, method: flr }`;
    expect(last(`${alone}\n      reset: { function: a }`, [], old).result).toBe("ENOTTY");
    expect(last(`${alone}\n      close: { function: a }`, [], old).messages).toEqual([
      "a reset",
      "a disable",
      "a enable",
    ]);
    const anew = `${given}
      close: { function: a }
      recover: { function: a }
      take-iommufd: { function: a }`;
    expect(last(anew, [], old).messages).toEqual([]);
  });

  it("leaves the medium alone where the device may not read, unless zeros are known to be written", () => {
    const steps = `${attached}
      dma-read: { function: a, iova: base+0x50000, block: 3 }`;
    expect(last(steps).blocks).toEqual({});
    expect(last(steps, ["refused-read-gives-zeros"]).blocks).toEqual({ "a:3": "zeros" });
  });

  it("is a mistake of the scenario on a controller that lost a command", () => {
    const steps = `${attached}
      dma-write: { function: a, iova: base+0x50000, block: 3 }
      dma-write: { function: a, iova: base+0x10000, block: 3 }`;
    expect(() => last(steps)).toThrow(ScenarioMistake);
    expect(() => last(steps)).toThrow("Step 10 of");
  });
});

describe("counters", () => {
  it("count a flush for each function of a domain", () => {
    const seen = last(`${attached}
      take-iommufd: { function: b }
      attach: { function: b, to: A }
      ioas-map: { ioas: A, iova: base+0x20000, buffer: q, pages: 1 }`);
    // queues: four pages in 1 to 4 runs; p: one; q: one for each function
    expect(seen.functions).toMatchObject({
      a: { counters: { mapped: 6, syncMapRpcits: { $range: [4, 7] }, syncRpcits: 0 } },
      b: { counters: { mapped: 6 } },
    });
  });

  it("are exact where pages are mapped one by one", () => {
    const seen = last(`
      take-iommufd: { function: a }
      ioas-alloc: { ioas: A }
      huge-pages: { ioas: A, on: false }
      attach: { function: a, to: A }
      ioas-map: { ioas: A, iova: base, buffer: p }`);
    expect(seen.functions).toMatchObject({ a: { counters: { mapped: 4, syncMapRpcits: 4 } } });
  });

  it("start again when VFIO opens the device after the first maps (type1)", () => {
    const seen = last(`
      bind: { function: a }
      container-open: { container: C }
      group-open: { function: a }
      group-set-container: { function: a, container: C }
      container-set-iommu: { container: C }
      container-map: { container: C, iova: base, buffer: p, pages: 1 }
      group-get-device: { function: a }`);
    expect(seen.functions).toMatchObject({ a: { counters: { mapped: 0, syncMapRpcits: 0 } } });
  });
});

describe("HWPTs", () => {
  it("are shared by functions that attach to one IOAS", () => {
    const seen = last(`${attached}
      take-iommufd: { function: b }
      attach: { function: b, to: A }`);
    expect(seen.values).toEqual({ pt: "auto:1" });
  });

  it("made by hand are never picked by an attach to the IOAS", () => {
    const seen = last(`
      take-iommufd: { function: a }
      ioas-alloc: { ioas: A }
      hwpt-alloc: { hwpt: H, function: a, ioas: A }
      attach: { function: a, to: A }`);
    expect(seen.values).toEqual({ pt: "auto:1" });
  });

  it("made by an attach go with the last function", () => {
    const steps = `${attached}
      detach: { function: a }`;
    expect(
      last(`${steps}
      destroy: { object: A }`).result,
    ).toBe("OK");
    expect(
      last(`${attached}
      destroy: { object: A }`).result,
    ).toBe("EBUSY");
  });
});

describe("the aperture", () => {
  const ranges = `
    take-iommufd: { function: a }
    ioas-alloc: { ioas: A }
    attach: { function: a, to: A }
    iova-ranges: { ioas: A }`;
  it("is what an attached IOAS offers", () => {
    expect(last(ranges).values).toEqual({ ranges: [["0x100000000", "0x11fffffff"]], alignment: "0x1000" });
  });

  it("is offered up to the end of the table where the top is left out", () => {
    expect(last(ranges, ["aperture-top-offered"]).values).toEqual({
      ranges: [["0x100000000", "0x3ffffffffff"]],
      alignment: "0x1000",
    });
  });

  it("follows the size of memory", () => {
    expect(last(ranges, [], { memoryMiB: 1024 }).values).toMatchObject({ ranges: [["0x100000000", "0x13fffffff"]] });
  });
});

describe("what depends on the kernel", () => {
  const kernel = (version: string, options: readonly string[]): Partial<Profile> => ({
    kernel: { version, digest: "none", options, commandLine: "", patches: [] },
  });

  it("leaves recovery to user space from 7.3 on, where it can be told of the error", () => {
    const refused = `${attached}
      dma-write: { function: a, iova: base+0x50000, block: 3 }`;
    const after = (step: string, version: string, options: readonly string[]): Step["expectation"] =>
      last(`${refused}\n      ${step}`, [], kernel(version, options));
    const able = ["VFIO_PCI_ZDEV_KVM"];
    const enable = "nvme-enable: { function: a, iova: base }";
    expect(after(enable, "7.3.0", able).result).toBe("ENODEV");
    expect(after(enable, "7.3.0", ["*"]).values).toEqual({ state: "ready" });
    expect(after(enable, "7.2.13", able).values).toEqual({ state: "ready" });
    const reset = "reset: { function: a }";
    expect(after(reset, "7.3.0", able).messages).toEqual(["a reset", "a disable", "a enable"]);
    // Nothing was given up: once it can be reached, FLR works again.
    expect(after(`${reset}\n      ${reset}`, "7.3.0", able).messages).toEqual([]);
  });

  it.each([
    ["without VFIO_PCI_ZDEV_KVM", ["VFIO_PCI"], 0x03],
    ["with it", ["VFIO_PCI", "VFIO_PCI_ZDEV_KVM"], 0x83],
    ["that does not tell", [], { $oneOf: [0x03, 0x83] }],
  ])("the flags of a device with a kernel %s", (_, options, flags) => {
    const steps = "\n    take-type1: { function: a, container: C }\n    device-info: { function: a }";
    expect(last(steps, [], kernel("7.2.13", options)).values).toMatchObject({ flags });
  });

  it.each([
    ["7.2.13", "EOVERFLOW"],
    ["6.12.107+deb13-s390x", "EINVAL"],
  ])("the errno of a range that wraps around with Linux %s", (version, errno) => {
    const steps = `
      take-type1: { function: a, container: C }
      container-unmap: { container: C, iova: "0xfffffffffffff000", length: "0x2000" }`;
    expect(last(steps, [], kernel(version, ["*"])).result).toBe(errno);
    const map = `
      take-type1: { function: a, container: C }
      container-map: { container: C, iova: "0xfffffffffffff000", buffer: p, pages: 2 }`;
    expect(last(map, [], kernel(version, ["*"])).result).toBe(errno);
  });
});

it("has a map fail while a function of the domain is in the error state, but for the implementation that forgets all errors but the last", () => {
  const resultAfter = (name: string, quirks: QuirkName[]): unknown => {
    const steps = `
      take-iommufd: { function: a }
      take-iommufd: { function: b }
      ioas-alloc: { ioas: A }
      attach: { function: a, to: A }
      attach: { function: b, to: A }
      start-nvme: { function: ${name}, ioas: A }
      dma-write: { function: ${name}, iova: base+0x50000, block: 1 }
      ioas-map: { ioas: A, iova: base+0x10000, buffer: p, pages: 1 }`;
    // Linux 6.12 leaves it in the error state; b was attached last, and is told first.
    const kernel = { ...modelProfile.kernel, version: "6.12.107" };
    return last(steps, quirks, { kernel }).result;
  };
  expect(["a", "b"].map((name) => resultAfter(name, []))).toEqual(["EIO", "EIO"]);
  expect(["a", "b"].map((name) => resultAfter(name, ["map-error-of-others-lost"]))).toEqual(["EIO", "OK"]);
});
