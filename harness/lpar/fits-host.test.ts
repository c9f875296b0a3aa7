import { expect, it } from "vitest";
import { parseScenario } from "../../src/scenario/parse.ts";
import { findUnfit } from "./fits-host.ts";

const scenario = (functions: string, steps: string): ReturnType<typeof parseScenario> =>
  parseScenario(
    `name: fits\nsummary: Something that is done\ntags: [life]\nfunctions: ${functions}\nbuffers: { p: 1 }\nsteps:\n${steps}`,
    "fits.yaml",
  );
const plain = { device: "nvme", overwrite: false } as const;

it("takes what happens to a function of the host alone", () => {
  expect(findUnfit(scenario("{ a: nvme }", "  - bind: { function: a }\n"), [plain])).toEqual([]);
});

it("says what a host has not, and what may not be done on one", () => {
  const two = scenario("{ a: nvme, b: nvme, w: witness }", "  - power: { function: a, on: false }\n");
  expect(findUnfit(two, [plain])).toEqual([
    "2 nvmes that may be used, of which the configuration names 1",
    "no witness is on a host: this process serves it",
    "a machine of its own: a function that is powered on gets whatever driver the host has for it",
  ]);
});

it("writes to no medium that is not said to be free for it", () => {
  const dma = scenario("{ a: nvme }", "  - dma-write: { function: a, iova: 0x1000, block: 1 }\n");
  expect(findUnfit(dma, [plain])).toEqual(["a medium that may be overwritten"]);
  expect(findUnfit(dma, [{ ...plain, overwrite: true }])).toEqual([]);
});

it("takes no device that is none into somebody's kernel", () => {
  const mock = scenario("{}", "  - ioas-alloc: { ioas: A }\n  - mock-create: { mock: m, to: A }\n");
  expect(findUnfit(mock, [plain])).toEqual(["a machine of its own: iommufd's mock device"]);
});
