import { expect, it } from "vitest";
import { planOf } from "../testing/plan-of.ts";
import type { Profile } from "../trace/profile.ts";
import { ScenarioMistake } from "./scenario-mistake.ts";
import { predict, type Step } from "./model.ts";
import type { QuirkName } from "./quirks.ts";

const last = (steps: string, quirks: QuirkName[] = [], bench: Partial<Profile> = {}): Step["expectation"] =>
  predict(planOf(steps, bench), new Set(quirks)).at(-1)!.expectation;

const old = { kernel: { version: "6.12.107", digest: "none", options: ["*"], commandLine: "", patches: [] } };

const attached = `
  take-iommufd: { function: w }
  ioas-alloc: { ioas: A }
  attach: { function: w, to: A }
  ioas-map: { ioas: A, iova: base+0x10000, buffer: p, pages: 1 }`;
const ready = `${attached}
  bus-master: { function: w }`;
const write = (block: number, at = "base+0x10000"): string =>
  `\n  dma-write: { function: w, iova: ${at}, block: ${block} }`;
const refused = { result: "OK", values: { completion: "refused" }, memory: {}, blocks: {} };

it("writes memory without a command, a queue or a completion", () => {
  const seen = last(ready + write(3));
  expect(seen).toMatchObject({ values: { completion: "success" }, memory: { "p[0]": "block:w:3" }, messages: [] });
});

it("reads memory into a block", () => {
  const steps = `${ready}
    fill: { buffer: p, with: hello }
    dma-read: { function: w, iova: base+0x10000, block: 3 }`;
  expect(last(steps)).toMatchObject({ values: { completion: "success" }, blocks: { "w:3": "hello" }, memory: {} });
});

it("raises one event where nothing is mapped, and leaves memory and medium as they were, whatever emulators do", () => {
  const zeros: QuirkName[] = ["refused-read-gives-zeros", "examined-function-raises-again"];
  for (const quirks of [[], zeros]) {
    expect(last(ready + write(3, "base+0x50000"), quirks)).toMatchObject({ ...refused, messages: ["w error 0x4"] });
    const read = `${ready}\n  dma-read: { function: w, iova: base+0x50000, block: 3 }`;
    expect(last(read, quirks)).toMatchObject({ ...refused, messages: ["w error 0x4"] });
  }
});

it("goes on after an error event from which the kernel brings the function back, and does nothing after another", () => {
  const steps = ready + write(3, "base+0x50000") + write(4);
  expect(last(steps)).toMatchObject({ values: { completion: "success" }, memory: { "p[0]": "block:w:4" } });
  expect(last(steps, [], old)).toMatchObject({ ...refused, messages: [] });
});

it("does nothing and raises nothing while it may not be bus master", () => {
  expect(last(attached + write(3))).toMatchObject({ ...refused, messages: [] });
  expect(last(attached + write(3, "base+0x50000"))).toMatchObject({ ...refused, messages: [] });
  const off = `${ready}\n  bus-master: { function: w, on: false }`;
  expect(last(off + write(3))).toMatchObject({ ...refused, messages: [] });
  const again = `${ready}\n  close: { function: w }\n  take-iommufd: { function: w }\n  attach: { function: w, to: A }`;
  expect(last(again + write(3))).toMatchObject({ ...refused, messages: [] });
});

it("keeps its command register over a reset, unless it was given up before", () => {
  const reset = `\n  reset: { function: w }`;
  expect(last(ready + reset + write(3)).memory).toEqual({ "p[0]": "block:w:3" });
  const inError = ready + write(3, "base+0x50000") + reset + write(4);
  expect(() => last(inError, [], old)).toThrow(ScenarioMistake);
  expect(() => last(inError, [], old)).toThrow("needs bus-master first");
  const either = predict(planOf(inError, old), new Set(["shadow-by-rpcit"])).at(-1)!;
  expect(either.choices).toEqual([{ ways: 2, taken: 0 }]);
});

it("is bus master after a reset that began in the error state, where ones are restored", () => {
  const steps = `${attached}
  { reset: { function: w }, during: [{ at: before-reset, flush: { function: w, iova: last+0x1, length: 0x1000 } }] }
  ioas-unmap: { ioas: A, iova: base+0x10000, length: 0x1000 }
  ioas-map: { ioas: A, iova: base+0x10000, buffer: p, pages: 1 }`;
  expect(last(steps + write(3))).toMatchObject(refused);
  const restored: QuirkName[] = ["reset-stops-at-zpci", "reset-restores-ones"];
  expect(last(steps + write(3), restored)).toMatchObject({ memory: { "p[0]": "block:w:3" } });
});

it("has no command register in reach while it is in the error state", () => {
  const steps = `${ready}${write(3, "base+0x50000")}\n  bus-master: { function: w }`;
  expect(last(steps).result).toBe("OK");
  expect(last(steps, [], old).result).toBe("EIO");
});

it("is translated by what RPCIT told of, where that is all there is", () => {
  const steps = `${ready}
    ioas-alloc: { ioas: B }
    ioas-map: { ioas: B, iova: base+0x10000, buffer: q }
    replace: { function: w, to: B }`;
  expect(last(steps + write(5)).memory).toEqual({ "q[0]": "block:w:5" });
  expect(last(steps + write(5), ["shadow-by-rpcit"])).toMatchObject({ ...refused, messages: ["w error 0x4"] });
});

it.each([
  ["before it is open", write(1), 'Function "w" is not open'],
  ["at half a page", ready + write(1, "base+0x10008"), "needs a page-aligned IOVA"],
  [
    "with commands",
    `${ready}\n  nvme-enable: { function: w, iova: base }`,
    'Function "w" is a witness and takes no such commands',
  ],
  [
    "that another does not do",
    `take-iommufd: { function: r }\n${write(1).replace("function: w", "function: r")}`,
    'Function "r" is a virtio-rng and takes no such commands',
  ],
])("does no DMA %s", (_, steps, message) => {
  expect(() => last(steps)).toThrow(message);
});

const deviceAfter = (steps: string, quirks: QuirkName[] = [], bench: Partial<Profile> = {}): unknown =>
  (last(steps, quirks, bench).devices as Readonly<Record<string, unknown>>)["w"];
const told = { emptied: false, reset: false };

it("reaches what is mapped in its IOAS, in ranges as long as can be, and only while it is attached", () => {
  const more = `${attached}
    ioas-map: { ioas: A, iova: base+0x11000, buffer: q, pages: 2 }
    ioas-map: { ioas: A, iova: base+0x13000, buffer: q, page: 2, pages: 1, write: false }`;
  const reach = ["0x100010000+0x3000 rw", "0x100013000+0x1000 r"];
  expect(deviceAfter(more)).toEqual({ ...told, reach });
  expect(deviceAfter(`${more}\n  detach: { function: w }`)).toEqual({ emptied: true, reset: false, reach: [] });
  const again = `${more}\n  detach: { function: w }\n  attach: { function: w, to: A }`;
  expect(deviceAfter(again)).toEqual({ ...told, reach });
  // It was the first to attach, so the domain was filled after.
  expect(deviceAfter(again, ["shadow-by-rpcit"])).toEqual({ ...told, reach });
  const reset = `${more}\n  hot-reset: { function: w }\n  look: {}`;
  expect(deviceAfter(reset)).toEqual({ ...told, reach });
  expect(deviceAfter(reset, ["shadow-by-rpcit"])).toEqual({ ...told, reach: [] });
});

it("is emptied whenever its table is unregistered, and not where none was registered", () => {
  expect(deviceAfter("take-iommufd: { function: w }")).toMatchObject({ emptied: true });
  expect(deviceAfter("take-iommufd: { function: w }\n  ioas-alloc: { ioas: A }")).toEqual({ ...told, reach: [] });
  const replaced = `${attached}\n  ioas-alloc: { ioas: B }\n  replace: { function: w, to: B }`;
  expect(deviceAfter(replaced)).toEqual({ emptied: true, reset: false, reach: [] });
  expect(deviceAfter(`${attached}\n  attach: { function: w, to: A }`)).toMatchObject({ emptied: false });
  expect(deviceAfter(`${attached}\n  close: { function: w }`)).toMatchObject({ emptied: true, reach: [] });
});

it("is told of a reset that somebody asked for, and may be told of one that comes with opening", () => {
  const reset = `${attached}\n  reset: { function: w }`;
  expect(deviceAfter(reset)).toEqual({ emptied: true, reset: true, reach: ["0x100010000+0x1000 rw"] });
  expect(deviceAfter(reset, ["reset-stops-at-zpci"])).toMatchObject({ emptied: true, reset: false });
  expect(deviceAfter("take-iommufd: { function: w }")).toMatchObject({ reset: { $any: true } });
  expect(deviceAfter("power: { function: w, on: false }")).toMatchObject({ emptied: true, reset: { $any: true } });
  expect(deviceAfter('domain-type: { function: w, type: "DMA" }')).toMatchObject({ emptied: true });
});

it("keeps what an RPCIT would have taken from it while it takes none", () => {
  const steps = `${ready}${write(3, "base+0x50000")}\n  ioas-unmap: { ioas: A, iova: base+0x10000, length: 0x1000 }`;
  const lost: QuirkName[] = ["shadow-by-rpcit", "flush-lost-in-error-state"];
  expect(deviceAfter(steps, lost, old)).toEqual({ ...told, reach: ["0x100010000+0x1000 rw"] });
  expect(deviceAfter(steps, [], old)).toEqual({ ...told, reach: [] });
  expect(deviceAfter(steps, lost)).toEqual({ ...told, reach: [] });
});

it("is the only kind that can be asked", () => {
  expect(Object.keys(last("look: {}").devices as object)).toEqual(["w"]);
});
