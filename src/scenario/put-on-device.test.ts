import { expect, it } from "vitest";
import { parseScenario } from "./parse.ts";
import { findVariant, putOnDevice } from "./put-on-device.ts";
import type { Scenario } from "./scenario.ts";
import { variantsOf } from "./variants.ts";

const sample = (functions: string, steps: string, header = ""): Scenario =>
  parseScenario(
    `name: sample\nsummary: What is put on others\ntags: [sample]\n${header}functions: ${functions}\nsteps:\n${steps}`,
    "sample.yaml",
  );
const life = "  - take-iommufd: { function: a }\n  - close: { function: a }";

it("exchanges what QEMU emulates, and leaves functions of ours and all else as they are", () => {
  const scenario = sample("{ a: nvme, r: virtio-rng, w: witness }", life, "also: [witness]\nbuffers: { p: 1 }\n");
  expect(putOnDevice(scenario, "igb")).toEqual({
    ...scenario,
    ...{ name: "sample@igb", summary: "What is put on others; on igb", tags: ["sample", "igb"], also: [] },
    functions: { a: "igb", r: "igb", w: "witness" },
    onDevice: { device: "igb", lacks: [] },
  });
});

it("is nothing where there is nothing to exchange", () => {
  expect(putOnDevice(sample("{ a: igb }", life), "igb")).toBeNull();
  expect(putOnDevice(sample("{ a: witness }", life), "igb")).toBeNull();
  const [witness] = variantsOf(sample("{ a: nvme, r: virtio-rng }", life, "also: [witness]\n"));
  expect(putOnDevice(witness!, "igb")).toBeNull();
});

it("says what of it the device cannot do, each once, of functions that were exchanged", () => {
  const steps = [
    "  - start-nvme: { function: a, ioas: A }",
    "  - drive: { function: a }",
    "  - nvme-identify: { function: a, iova: base }",
    "  - block-read: { function: a, buffer: p, block: 1 }",
  ];
  const scenario = sample("{ a: nvme }", ["  - ioas-alloc: { ioas: A }", ...steps].join("\n"), "buffers: { p: 1 }\n");
  expect(putOnDevice(scenario, "igb")?.onDevice?.lacks).toEqual([
    "no driver in these kernels on igb (drive)",
    "no command of NVMe on igb (nvme-identify)",
  ]);
  const witness = sample("{ a: nvme, w: witness }", "  - dma-write: { function: w, iova: base, block: 1 }");
  expect(putOnDevice(witness, "igb")?.onDevice?.lacks).toEqual([]);
  const own = sample("{ a: virtio-rng }", life, "device-needs: [no-first-bar]\n");
  expect(putOnDevice(own, "e1000e")?.onDevice?.lacks).toEqual([
    "it is for a device without a first BAR, and e1000e is none",
  ]);
  expect(putOnDevice(own, "virtio-blk")?.onDevice?.lacks).toEqual([]);
});

it("has queues set up as the device wants them, where it has some", () => {
  const steps = "  - start-nvme: { function: a, ioas: A }\n  - dma-write: { function: a, iova: base, block: 1 }";
  const scenario = sample("{ a: nvme }", `  - ioas-alloc: { ioas: A }\n${steps}`);
  const onDisk = putOnDevice(scenario, "virtio-blk");
  expect(onDisk?.steps.map(({ op }) => op)).toEqual(["ioas-alloc", "ioas-map", "queues-enable", "dma-write"]);
  expect(onDisk?.onDevice?.lacks).toEqual([]);
  expect(putOnDevice({ ...scenario, deviceNeeds: ["own-reset"] }, "virtio-blk")?.onDevice?.lacks).toEqual([
    "it is for a device that is not reset by its slot, and virtio-blk is none",
  ]);
});

it("is found by its name", () => {
  const scenario = sample("{ a: nvme }", life, "also: [witness]\n");
  expect(findVariant(scenario, "sample")).toBe(scenario);
  expect(findVariant(scenario, "sample@witness")?.functions).toEqual({ a: "witness" });
  expect(findVariant(scenario, "sample@virtio-blk")?.functions).toEqual({ a: "virtio-blk" });
  expect(findVariant(scenario, "sample@floppy")).toBeUndefined();
});
