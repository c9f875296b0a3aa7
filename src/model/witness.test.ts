import { expect, it } from "vitest";
import { planOf } from "../testing/plan-of.ts";
import type { Profile } from "../trace/profile.ts";
import { ScenarioMistake } from "./host.ts";
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

it("keeps its command register over a reset, unless that began in the error state", () => {
  const reset = `\n  reset: { function: w }`;
  expect(last(ready + reset + write(3)).memory).toEqual({ "p[0]": "block:w:3" });
  const inError = ready + write(3, "base+0x50000") + reset + write(4);
  expect(() => last(inError, [], old)).toThrow(ScenarioMistake);
  expect(() => last(inError, [], old)).toThrow("needs bus-master first");
  expect(last(inError, ["shadow-by-rpcit"], old).messages).toEqual({ $any: true });
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
  ["with commands", `${ready}\n  nvme-enable: { function: w, iova: base }`, 'Function "w" is no NVMe'],
  [
    "that another does not do",
    `take-iommufd: { function: r }\n${write(1).replace("function: w", "function: r")}`,
    'Function "r" is no NVMe',
  ],
])("does no DMA %s", (_, steps, message) => {
  expect(() => last(steps)).toThrow(message);
});
