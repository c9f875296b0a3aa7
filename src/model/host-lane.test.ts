import { expect, it } from "vitest";
import type { Pattern } from "../compare/pattern.ts";
import { guestProfile } from "../testing/host-profile.ts";
import { planOf } from "../testing/plan-of.ts";
import { predict } from "./model.ts";
import type { QuirkName } from "./quirks.ts";

const attached = `take-iommufd: { function: a }
ioas-alloc: { ioas: A }
attach: { function: a, to: A }
ioas-map: { ioas: A, iova: base, buffer: p }
`;

/** The host's lane after each step. */
const lanes = (steps: string, ...quirks: readonly QuirkName[]): Pattern[] =>
  predict(planOf(steps, guestProfile), new Set(quirks)).map(({ expectation }) => expectation.host ?? null);

const pagesOf = (lane: Pattern): Pattern => (lane as { functions: { a: { pages: Pattern } } }).functions.a.pages;

it("is there for guests only", () => {
  const [first] = predict(planOf("look:"));
  expect(first?.expectation).not.toHaveProperty("host");
  const fn = { driver: "vfio-pci", enabled: true, pages: 0 };
  expect(lanes("look:")).toEqual([{ functions: { a: fn, b: fn, r: fn, w: fn }, messages: [], alarms: [] }]);
});

it("has every page that the guest maps, until it unmaps it, detaches or resets", () => {
  const again = "ioas-map: { ioas: A, iova: base, buffer: q }\ndetach: { function: a }";
  const steps = `${attached}ioas-unmap: { ioas: A, iova: base, length: 0x4000 }\n${again}`;
  expect(lanes(steps).map(pagesOf)).toEqual([0, 0, 0, 0, 0, 4, 0, 4, 0]);
});

it("lacks what was mapped before the table was registered, where RPCIT alone fills it", () => {
  const steps = `${attached}reset-method: { function: a, method: bus }\nreset: { function: a }`;
  expect(lanes(steps).map(pagesOf).at(-1)).toBe(4);
  expect(lanes(steps, "shadow-by-rpcit").map(pagesOf).at(-1)).toBe(0);
});

it("tells of a DMA that the host refuses, and has the guest stopped where QEMU stops it", () => {
  const steps = `${attached}start-nvme: { function: a, ioas: A }\ndma-write: { function: a, iova: base+0x100000, block: 1 }\nlook:`;
  const contract = predict(planOf(steps, guestProfile));
  const last = contract.at(-2)?.expectation;
  expect(last?.messages).toEqual(["a error 0x4"]);
  expect((last?.host as { messages: Pattern }).messages).toEqual(["a error 0x4"]);
  const stopped = predict(planOf(steps, guestProfile), new Set<QuirkName>(["error-stops-guest"]));
  expect(stopped.at(-2)?.expectation.result).toBe("stopped");
});

it("leaves open what the guest's own driver has mapped, and what that left behind until the table goes", () => {
  const steps = "drive: { function: a }\nbind: { function: a }\ntake-iommufd: { function: a }";
  const pages = lanes(steps).map(pagesOf);
  expect(pages.slice(0, 2)).toEqual([{ $any: true }, { $any: true }]);
  expect(pages.at(-1)).toBe(0);
});
