import { expect, it } from "vitest";
import { makePlan } from "../plan/make-plan.ts";
import { parseScenario } from "../scenario/parse.ts";
import { modelProfile } from "../target/model-target.ts";
import type { Profile } from "../trace/profile.ts";
import { ScenarioMistake } from "./scenario-mistake.ts";
import { predict, type Step } from "./model.ts";
import type { QuirkName } from "./quirks.ts";

const old: Partial<Profile> = {
  kernel: { version: "6.12.107", digest: "none", options: ["*"], commandLine: "", patches: [] },
};

/** What is expected last, of steps on a function `f` of that kind, and a witness `w` beside it. */
function last(
  device: string,
  steps: string,
  quirks: QuirkName[] = [],
  bench: Partial<Profile> = {},
): Step["expectation"] {
  const lines = steps.split("\n").filter((line) => line.trim() !== "");
  const text = [
    "name: under-test",
    "summary: Steps of a unit test",
    "tags: [test]",
    `functions: { f: ${device}, w: witness }`,
    "buffers: { p: 2, q: 2 }",
    "steps:",
    ...lines.map((line) => `  - ${line.trim()}`),
  ].join("\n");
  const plan = makePlan(parseScenario(text, "some/under-test.yaml"), { ...modelProfile, ...bench });
  return predict(plan, new Set(quirks)).at(-1)!.expectation;
}

const ready = `
  take-iommufd: { function: f }
  ioas-alloc: { ioas: A }
  attach: { function: f, to: A }
  bus-master: { function: f }
  ioas-map: { ioas: A, iova: base+0x10000, buffer: p }`;
const dma = "dma-write: { function: f, iova: base+0x10000, block: 3 }";
const unmap = "ioas-unmap: { ioas: A, iova: base+0x10000, length: 0x2000 }";
const deviceOf = ({ devices }: Step["expectation"]): unknown => (devices as Readonly<Record<string, unknown>>)["f"];

it("has a late function keep a DMA until it is told once more, and do it on the translation as it is then", () => {
  const held = `${ready}\n${dma}`;
  expect(last("late", held)).toMatchObject({ values: { completion: "held" }, memory: {} });
  const release = "dma-release: { function: f }";
  expect(last("late", `${held}\n${release}`)).toMatchObject({
    values: { completion: "success" },
    memory: { "p[0]": "block:f:3" },
  });
  expect(last("late", `${held}\n${unmap}\n${release}`)).toMatchObject({
    values: { completion: "refused" },
    messages: ["f error 0x4"],
  });
  expect(last("late", `${held}\n${release}\n${release}`).values).toEqual({ completion: "none" });
  expect(() => last("late", `${held}\n${dma}`)).toThrow('Function "f" holds a DMA already');
});

it("has a reset make a late function forget, unless resets stop on their way", () => {
  const remap = `${unmap}\nioas-map: { ioas: A, iova: base+0x10000, buffer: p }`;
  const steps = `${ready}\n${dma}\nreset: { function: f }\n${remap}\ndma-release: { function: f }`;
  expect(last("late", steps).values).toEqual({ completion: "none" });
  expect(last("late", steps, ["reset-stops-at-zpci"])).toMatchObject({ memory: { "p[0]": "block:f:3" } });
});

const storm = "storm-begin: { function: f, iova: base+0x10000, pages: 2, block: 1 }";

it("has a storm write every page that it may, whoever wrote it meanwhile, until it ends", () => {
  const both = { "p[0]": "block:f:1", "p[1]": "block:f:1" };
  expect(last("stormer", `${ready}\n${storm}`)).toMatchObject({ memory: both, messages: [] });
  const filled = `${ready}\n${storm}\nfill: { buffer: p, with: hello }`;
  expect(last("stormer", filled).memory).toMatchObject({ "p[0]": "block:f:1" });
  const ended = `${ready}\n${storm}\nstorm-end: { function: f }\nfill: { buffer: p, with: hello }`;
  expect(last("stormer", ended).memory).toEqual({ "p[0]": "hello" });
  expect(last("stormer", `${ready}\n${storm}\nstorm-end: { function: f }`).values).toEqual({ refused: false });
});

it("bounds a storm that is refused: events, at least one, and no page written that may not be", () => {
  const steps = `${ready}\n${storm}\n${unmap}`;
  const seen = last("stormer", steps);
  expect(seen.messages).toMatchObject({ $each: { $oneOf: expect.arrayContaining(["f error 0x4"]) as string[] } });
  expect(JSON.stringify(seen.messages)).not.toContain("reset");
  expect(seen.memory).toEqual({});
  // A kernel that does not bring the function back hears of the first only.
  expect(last("stormer", steps, [], old).messages).toEqual(["f error 0x4"]);
  expect(() => last("stormer", `${steps}\nlook: {}`)).toThrow("it needs storm-end before anything else");
  expect(last("stormer", `${steps}\nstorm-end: { function: f }`).values).toEqual({ refused: true });
  const wild = last("stormer", steps, ["examined-function-raises-again"]);
  expect(JSON.stringify(wild.messages)).toContain("f reset");
  expect(deviceOf(wild)).toMatchObject({ reach: { $any: true }, emptied: { $any: true } });
});

it("leaves open whether a storm over two tables was refused between them", () => {
  const steps = `${ready}\nioas-alloc: { ioas: B }\nioas-map: { ioas: B, iova: base+0x10000, buffer: q }\n${storm}\nreplace: { function: f, to: B }`;
  expect(last("stormer", steps)).toMatchObject({
    memory: { "q[0]": "block:f:1", "q[1]": "block:f:1" },
    messages: [],
  });
  expect(last("stormer", `${steps}\nstorm-end: { function: f }`).values).toEqual({ refused: { $any: true } });
});

const dies = (at: string): string => `function-dies: { function: f, at: ${at} }`;

it("has the host hear of a death, and nobody do DMA or be told anything after it", () => {
  const dead = `${ready}\n${dies("now")}`;
  expect(last("witness", dead)).toMatchObject({ messages: { $not: [] }, devices: { f: null } });
  expect(last("witness", dead, ["death-goes-unheard"])).toMatchObject({ messages: [], devices: { f: null } });
  expect(last("witness", `${dead}\n${dma}`)).toMatchObject({ values: { completion: "gone" }, memory: {} });
  expect(last("witness", `${dead}\n${unmap}`)).toMatchObject({ result: "OK", messages: [], devices: { f: null } });
  const back = `${dead}\nfunction-returns: { function: f }`;
  expect(deviceOf(last("witness", back))).toEqual({ $any: true });
  expect(deviceOf(last("witness", back, ["death-goes-unheard"]))).toBeNull();
});

it.each([
  ["unmap", unmap],
  ["unmap", "detach: { function: f }"],
  ["map", "ioas-map: { ioas: A, iova: base+0x20000, buffer: q }"],
])("has a function die when it is next told of a %s", (at, step) => {
  const waiting = `${ready}\n${dies(at)}`;
  expect(deviceOf(last("witness", waiting))).toMatchObject({ reach: ["0x100010000+0x2000 rw"] });
  expect(last("witness", `${waiting}\n${step}`)).toMatchObject({ result: "OK", devices: { f: null } });
});

it.each(["broken-no-msix", "broken-hangs", "broken-dies"])("has %s refused, and nothing be seen of it", (device) => {
  const seen = last(device, "plug: { function: f }");
  expect(seen).toMatchObject({ result: "REFUSED", messages: [] });
  expect([Object.keys(seen.functions as object), Object.keys(seen.devices as object)]).toEqual([["w"], ["w"]]);
});

it("has a function without identity be there for zPCI, and not for PCI", () => {
  const seen = last("broken-vendor", "plug: { function: f }");
  expect(seen).toMatchObject({ result: "OK", functions: { f: { driver: null, enabled: null } } });
  expect(seen.messages).toEqual(["f available 0x301", "f add", "f enable"]);
  expect(last("broken-vendor", "plug: { function: f }\nbind: { function: f }").result).toBe("ENOENT");
});

it("leaves open what a function of one's own writes where it may, and says so of nothing else", () => {
  const readOnly = "ioas-map: { ioas: A, iova: base+0x20000, buffer: q, write: false }";
  const may = { "p[0]": { $maybe: { $any: true } }, "p[1]": { $maybe: { $any: true } } };
  expect(last("./mine.mjs", `${ready}\n${readOnly}`).memory).toEqual(may);
  // It may have written until it was told.
  expect(last("./mine.mjs", `${ready}\n${unmap}`).memory).toEqual(may);
  expect(last("./mine.mjs", `${ready}\n${unmap}\nlook: {}`).memory).toEqual({});
  const read = `${ready}\nattach: { function: w, to: A }\n`;
  expect(() =>
    last(
      "./mine.mjs",
      `take-iommufd: { function: w }${read}bus-master: { function: w }
    dma-read: { function: w, iova: base+0x10000, block: 1 }`,
    ),
  ).toThrow(ScenarioMistake);
});

it.each([
  ["storms where it cannot", "witness", storm, 'Function "f" is no stormer but witness'],
  ["is rude where it cannot be", "late", "misbehave: { function: f, how: empty-write }", "no rude but late"],
  ["dies twice", "witness", `${dies("now")}\n${dies("now")}`, "is dead already"],
  ["returns alive", "witness", "function-returns: { function: f }", "is not dead"],
  ["is plugged twice", "witness", "plug: { function: f }", "is plugged in from the start"],
])("makes no sense of a function that %s", (_, device, steps, message) => {
  expect(() => last(device, steps)).toThrow(message);
});
