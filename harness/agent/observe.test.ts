import { expect, it } from "vitest";
import type { Operation } from "../../src/operation/operation.ts";
import type { AgentAnswer } from "./answers.ts";
import { Observer } from "./observe.ts";
import { digestOf, patternPage } from "./pattern.ts";

const plan = {
  functions: [
    { name: "a", device: "nvme", uid: 5, fid: 32 },
    { name: "b", device: "virtio-rng", uid: 6, fid: 33 },
  ],
  buffers: [{ name: "p", pages: 2 }],
} as const;

const good: AgentAnswer = {
  id: 1,
  result: "OK",
  values: {},
  micros: 12,
  functions: {},
  messages: [],
  log: [],
  dropped: 0,
  settled: true,
  memory: {},
};

const detach: Operation = { op: "detach", function: "a" };

/** An observer, and the blocks of the medium of function a. */
function makeObserver(): { readonly observer: Observer; readonly blocks: Map<number, Uint8Array> } {
  const blocks = new Map<number, Uint8Array>();
  const observer = new Observer(plan, (name, block) =>
    Promise.resolve(name === "a" ? (blocks.get(block) ?? patternPage(`block:a:${block}`)) : null),
  );
  return { observer, blocks };
}

const observe = async (observer: Observer, operation: Operation, answer: Partial<AgentAnswer>) =>
  (await observer.observe(operation, { ...good, ...answer })).observation;

it("reads handles and counters", async () => {
  const { observer } = makeObserver();
  const { functions } = await observe(observer, detach, {
    functions: {
      a: { driver: "vfio-pci", handle: "0x80020000", counters: [3, 1, 0, 2, 1] },
      b: { driver: null, handle: "0x20001", counters: null },
      c: { driver: null, handle: null, counters: null },
    },
  });
  expect(functions).toEqual({
    a: {
      driver: "vfio-pci",
      enabled: true,
      counters: { mapped: 3, unmapped: 1, globalRpcits: 0, syncMapRpcits: 2, syncRpcits: 1 },
    },
    b: { driver: null, enabled: false, counters: null },
    c: { driver: null, enabled: null, counters: null },
  });
});

it("names what attaches return, and drops ids, which are evidence", async () => {
  const { observer } = makeObserver();
  const bound = await observer.observe(
    { op: "bind-iommufd", function: "a", iommufd: "main" },
    { ...good, values: { id: 7 } },
  );
  expect(bound.observation.values).toEqual({});
  expect(bound.evidence.raw).toMatchObject({ values: { id: 7 } });
  const attach: Operation = { op: "attach", function: "a", to: "A" };
  expect((await observe(observer, attach, { values: { pt: 9 } })).values).toEqual({ pt: "auto:1" });
  expect((await observe(observer, attach, { result: "EINVAL" })).values).toEqual({});
});

it("names the functions of a hot-reset set", async () => {
  const { observer } = makeObserver();
  await observe(observer, { op: "bind-iommufd", function: "a", iommufd: "main" }, { values: { id: 7 } });
  const info: Operation = { op: "hot-reset-info", function: "a" };
  const device = { segment: 5, bus: 0, devfn: 0 };
  const devicesOf = async (...devices: AgentAnswer["values"][string][]) =>
    (await observe(observer, info, { values: { flags: 3, devices } })).values;
  expect(await devicesOf({ ...device, id: 7 })).toEqual({ flags: 3, devices: ["a"] });
  expect(await devicesOf({ ...device, group: 1 })).toEqual({ flags: 3, devices: ["a"] });
  expect(
    await devicesOf({ ...device, id: -1 }, { ...device, segment: 6, id: 0 }, { ...device, segment: 9, devfn: 8 }),
  ).toEqual({
    flags: 3,
    devices: ["a as id -1", "b as id 0", "segment 9 bus 0 devfn 8"],
  });
});

it("names contents of memory: patterns, nothing, what an NVMe says of itself, and what nobody put there", async () => {
  const { observer } = makeObserver();
  const page = (bytes: Uint8Array) => ({
    digest: digestOf(bytes),
    head: Buffer.from(bytes.subarray(0, 64)).toString("hex"),
  });
  const identify = new Uint8Array(4096);
  identify.set(Buffer.from("zhil-a              "), 4);
  const noise = new Uint8Array(4096).fill(0xaa);
  const { memory } = await observe(
    observer,
    { op: "fill", buffer: "p", page: 0, with: "hello" },
    {
      memory: {
        "p[0]": page(patternPage("hello")),
        "p[1]": page(patternPage("fill:p[1]")),
        "q[0]": page(patternPage("block:a:200")),
        "q[1]": page(new Uint8Array(4096)),
        "q[2]": page(identify),
        "q[3]": page(noise),
      },
    },
  );
  expect(memory).toEqual({
    "p[0]": "hello",
    "p[1]": "fill:p[1]",
    "q[0]": "block:a:200",
    "q[1]": "zeros",
    "q[2]": "identify:a",
    "q[3]": `unknown:${digestOf(noise)}`,
  });
});

it("tells of a block when its content changes, and only then", async () => {
  const { observer, blocks } = makeObserver();
  const read: Operation = { op: "dma-read", function: "a", iova: "0x100000000", block: 7 };
  expect((await observe(observer, read, {})).blocks).toEqual({});
  blocks.set(7, patternPage("fill:p[1]"));
  expect((await observe(observer, read, {})).blocks).toEqual({ "a:7": "fill:p[1]" });
  expect((await observe(observer, read, {})).blocks).toEqual({});
  blocks.set(7, patternPage("block:a:7"));
  expect((await observe(observer, { ...read, op: "dma-write" }, {})).blocks).toEqual({});
  expect((await observe(observer, read, {})).blocks).toEqual({ "a:7": "block:a:7" });
  expect((await observe(observer, { ...read, function: "b" }, {})).blocks).toEqual({});
});

it("has of a card, which has no medium, the block that it says came in, where it is one", async () => {
  const { observer } = makeObserver();
  const read: Operation = { op: "dma-read", function: "b", iova: "0x100000000", block: 7 };
  const landed = { digest: digestOf(patternPage("fill:p[1]")), head: "" };
  expect(await observe(observer, read, { values: { completion: "success", landed } })).toMatchObject({
    blocks: { "b:7": "fill:p[1]" },
    values: { completion: "success" },
  });
  expect(await observe(observer, read, { values: { landed } })).toMatchObject({ blocks: {}, values: {} });
  expect((await observe(observer, read, { values: { landed: { digest: "none" } } })).blocks).toEqual({});
});

it("tells messages in words and finds alarms in the log, which is kept as evidence", async () => {
  const { observer } = makeObserver();
  const log = [
    { level: 6, text: "vfio-pci 0005:00:00.0: resetting" },
    { level: 4, text: "WARNING: drivers/iommu/x.c:8 at f+0x1/0x2, CPU#0: agent/33" },
  ];
  const answer = { ...good, log, messages: ["dis fid:20, fh:20000, rc:0"] };
  const { observation, evidence } = await observer.observe(detach, answer);
  expect(observation).toMatchObject({ messages: ["a disable"], alarms: ["WARNING: drivers/iommu/x.c at f"] });
  expect(evidence).toMatchObject({ micros: 12, log: log.map(({ text }) => text) });
});

it("shows the functions as they were last seen where an operation never ended", () => {
  const { observer } = makeObserver();
  observer.look({ a: { driver: "vfio-pci", handle: "0x80020000", counters: null } });
  const { observation } = observer.observeEnd("hang", 10, ["line"], ["hang in f"], null);
  expect(observation).toEqual({
    result: "hang",
    values: {},
    functions: { a: { driver: "vfio-pci", enabled: true, counters: null } },
    messages: [],
    memory: {},
    blocks: {},
    alarms: ["hang in f"],
  });
});

it("says whether a default domain fell back to another type, as the kernel says it", async () => {
  const { observer } = makeObserver();
  const operation: Operation = { op: "domain-type", function: "a", type: "auto" };
  const text = "Failed to allocate default IOMMU domain of type 4 for group 0 - Falling back to IOMMU_DOMAIN_DMA";
  const values = { type: "DMA" };
  const told = await observe(observer, operation, { values, log: [{ level: 4, text }] });
  expect(told.values).toEqual({ type: "DMA", fellBack: true });
  expect((await observe(observer, operation, { values })).values).toEqual({ type: "DMA", fellBack: false });
  expect((await observe(observer, operation, { result: "EPERM", values })).values).toEqual({ type: "DMA" });
});

it("looks at every block that the kernel's driver writes", async () => {
  const { observer, blocks } = makeObserver();
  blocks.set(8, patternPage("fill:p[1]"));
  const transfer = { function: "a", block: 7, buffer: "p", page: 0, pages: 2, apart: false } as const;
  expect((await observe(observer, { op: "block-write", ...transfer }, {})).blocks).toEqual({ "a:8": "fill:p[1]" });
  blocks.set(7, patternPage("fill:p[0]"));
  expect((await observe(observer, { op: "block-read", ...transfer }, {})).blocks).toEqual({});
});
