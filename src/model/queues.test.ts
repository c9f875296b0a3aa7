/** DMA by queues and rings of all kinds: what is as with an NVMe, and what is not. */
import { describe, expect, it } from "vitest";
import { makePlan } from "../plan/make-plan.ts";
import { parseScenario } from "../scenario/parse.ts";
import { modelProfile } from "../target/model-target.ts";
import { predict, type Step } from "./model.ts";
import type { QuirkName } from "./quirks.ts";

const attached = `take-iommufd: { function: a }
ioas-alloc: { ioas: A }
attach: { function: a, to: A }
ioas-map: { ioas: A, iova: base, buffer: a.queues }`;
const others = "queues-enable";
const enable = { nvme: "nvme-enable", "virtio-blk": others, igb: others, e1000e: others } as const;

/** What is expected of the last step, by an attached function whose queues are mapped. */
function last(device: keyof typeof enable, steps: string, quirks: readonly QuirkName[] = []): Step["expectation"] {
  const lines = `${attached}\n${steps}`.replaceAll("ENABLE", enable[device]).split("\n");
  const header = `name: sample\nsummary: What a disk does\ntags: [test]\nfunctions: { a: ${device} }\nbuffers: { p: 1 }\nsteps:`;
  const text = [header, ...lines.map((line) => `  - ${line}`)].join("\n");
  return predict(makePlan(parseScenario(text, "sample.yaml"), modelProfile), new Set(quirks)).at(-1)!.expectation;
}

const on = "ENABLE: { function: a, iova: base }";
const map = "ioas-map: { ioas: A, iova: base+0x10000, buffer: p }";
const write = "dma-write: { function: a, iova: base+0x10000, block: 7 }";
const read = "dma-read: { function: a, iova: base+0x10000, block: 7 }";

describe.each(["nvme", "virtio-blk", "igb", "e1000e"] as const)("%s", (device) => {
  it("moves pages by its queues", () => {
    const written = last(device, [on, map, write].join("\n"));
    expect(written).toMatchObject({ values: { completion: "success", status: 0 }, memory: { "p[0]": "block:a:7" } });
    expect(last(device, [on, map, read].join("\n")).blocks).toEqual({ "a:7": "fill:p[0]" });
  });

  it("is not ready where it cannot get at its queues, and does nothing before they are set up", () => {
    const unmap = "ioas-unmap: { ioas: A, iova: base, length: 0x4000 }";
    expect(last(device, [unmap, on].join("\n"))).toMatchObject({
      result: "OK",
      values: { $has: { state: { $not: "ready" } } },
      messages: ["a error 0x4"],
    });
    expect(last(device, [map, write].join("\n"))).toMatchObject({
      values: { $has: { completion: "none" } },
      memory: {},
      messages: [],
    });
  });

  it("is set up by its own kind of commands alone", () => {
    expect(() =>
      last(device, `${device === "nvme" ? "queues-enable" : "nvme-enable"}: { function: a, iova: base }`),
    ).toThrow(`Function "a" is a ${device} and takes no such commands`);
  });
});

it("goes on with zeros for a page that it could not read on an NVMe, and leaves the medium alone on all others", () => {
  const quirk = ["refused-read-gives-zeros"] as const;
  expect(last("nvme", [on, read].join("\n"), quirk).blocks).toEqual({ "a:7": "zeros" });
  for (const device of ["virtio-blk", "igb", "e1000e"] as const)
    expect(last(device, [on, read].join("\n"), quirk)).toMatchObject({ blocks: {}, messages: ["a error 0x4"] });
});

it("forgets its rings in a reset of its own, unless that is one by its power state which resets nothing", () => {
  const steps = [on, map, "reset: { function: a }", write].join("\n");
  for (const device of ["nvme", "igb", "e1000e"] as const) {
    expect(last(device, steps)).toMatchObject({ values: { $has: { completion: "none" } }, memory: {} });
  }
  const quirk = ["power-state-resets-nothing"] as const;
  expect(last("e1000e", steps, quirk).memory).toEqual({ "p[0]": "block:a:7" });
  expect(last("igb", steps, quirk).memory).toEqual({});
  const byPower = `reset-method: { function: a, method: pm }\n${steps}`;
  expect(last("igb", byPower, quirk).memory).toEqual({ "p[0]": "block:a:7" });
});

it("has what it writes in two pages of its own, and not in four", () => {
  const readOnly = [
    "ioas-unmap: { ioas: A, iova: base, length: 0x4000 }",
    "ioas-map: { ioas: A, iova: base, buffer: a.queues, pages: 2 }",
    on,
    map,
    write,
  ].join("\n");
  expect(last("virtio-blk", readOnly).memory).toEqual({ "p[0]": "block:a:7" });
  expect(last("nvme", readOnly).memory).toEqual({});
});
