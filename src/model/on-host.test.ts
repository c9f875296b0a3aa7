/** What happens on the host of a guest, and how many pages it lets the guest map. */
import { describe, expect, it } from "vitest";
import type { Expectation } from "../compare/compare.ts";
import { guestProfile } from "../testing/host-profile.ts";
import { planOf } from "../testing/plan-of.ts";
import { predict } from "./model.ts";
import type { QuirkName } from "./quirks.ts";

const bench = (dmaEntryLimit?: number): typeof guestProfile => ({
  ...guestProfile,
  host: { ...guestProfile.host, ...(dmaEntryLimit === undefined ? {} : { dmaEntryLimit }) },
});
const seen = (steps: string, quirks: readonly QuirkName[] = [], entries?: number): Expectation[] =>
  predict(planOf(steps, bench(entries)), new Set(quirks)).map(({ expectation }) => expectation);
const resultsOf = (all: readonly Expectation[], count: number): unknown[] =>
  all.slice(-count).map(({ result }) => result);

const attached = `take-iommufd: { function: a }
ioas-alloc: { ioas: A }
attach: { function: a, to: A }
`;
const page = (ioas: string, iova: string): string =>
  `ioas-map: { ioas: ${ioas}, iova: ${iova}, buffer: q, pages: 1 }\n`;
const started = `${attached}start-nvme: { function: a, ioas: A }\n${page("A", "base+0x10000")}`;
const write = "dma-write: { function: a, iova: base+0x10000, block: 1 }\n";

describe("entries", () => {
  const full = `${attached}ioas-map: { ioas: A, iova: base, buffer: p }\n${page("A", "base+0x10000")}${page("A", "base+0x20000")}`;

  it("run short when there are as many as the host allows, or one before that", () => {
    expect(resultsOf(seen(full, [], 5), 2)).toEqual(["OK", "ENOMEM"]);
    expect(resultsOf(seen(full, ["last-entry-refused"], 5), 2)).toEqual(["ENOMEM", "ENOMEM"]);
    expect(resultsOf(seen(full), 2)).toEqual(["OK", "OK"]);
  });

  it("count what was taken back, and leave nothing on the host", () => {
    const last = seen(full, [], 5).at(-1);
    expect(last?.functions).toMatchObject({
      a: { counters: { mapped: 6, unmapped: 1, syncRpcits: 1 } },
    });
    expect(last?.host).toMatchObject({ functions: { a: { pages: 5 } } });
  });

  it("come back with an unmap, and with a detach unless those that go with their table are lost", () => {
    const unmapped = `${full}ioas-unmap: { ioas: A, iova: base+0x10000, length: 0x1000 }\n${page("A", "base+0x30000")}`;
    expect(resultsOf(seen(unmapped, [], 5), 1)).toEqual(["OK"]);
    const again = `${full}detach: { function: a }\nioas-alloc: { ioas: B }\nattach: { function: a, to: B }\n${page("B", "base")}`;
    expect(resultsOf(seen(again, [], 5), 1)).toEqual(["OK"]);
    expect(resultsOf(seen(again, ["entries-lost-with-table"], 5), 1)).toEqual(["ENOMEM"]);
  });
});

describe("a reset on the host", () => {
  it("leaves the guest's pages in reach, and switches the controller off", () => {
    const all = seen(
      `${started}host-reset: { function: a }\n${write}nvme-enable: { function: a, iova: base }\n${write}`,
    );
    expect(all.at(-4)?.host).toMatchObject({ messages: [], functions: { a: { pages: 5 } } });
    expect(all.at(-3)?.values).toEqual({ $has: { completion: "none" } });
    expect(all.at(-1)?.memory).toEqual({ "q[0]": "block:a:1" });
  });

  it("takes them out of reach by the slot, where the host's hypervisor knows them by RPCIT; a guest's FLR is such a reset, too", () => {
    const bySlot = "host-reset-method: { function: a, method: bus }\n";
    for (const reset of ["host-reset", "reset"]) {
      const steps = `${started}${bySlot}${reset}: { function: a }\nnvme-enable: { function: a, iova: base }\n`;
      const [contract, quirky] = [seen(steps), seen(steps, ["shadow-by-rpcit", "error-stops-guest"])];
      expect(contract.at(-2)?.host).toMatchObject({ messages: ["a reset", "a disable", "a enable"] });
      expect(contract.at(-1)?.values).toEqual({ state: "ready" });
      expect(quirky.at(-1)?.result).toBe("stopped");
    }
  });
});

describe("a host that wants its function back", () => {
  const gone = ["a available 0x303", "a disable", "a deconfigure", "a available 0x308", "a reserved", "a removed"];

  it.each([
    ["host-unbind", { driver: null, enabled: true, pages: null }, []],
    ["host-recover", { driver: null, enabled: true, pages: null }, ["a disable", "a enable"]],
    ["host-unplug", { driver: null, enabled: null, pages: null }, gone],
    ["host-lose", { driver: null, enabled: null, pages: null }, ["a available 0x304", "a disable"]],
  ])("%s has the guest let go of it", (op, view, messages) => {
    const [last] = seen(`${op}: { function: a }`).slice(-1);
    expect(last?.messages).toEqual(gone);
    expect(last?.host).toMatchObject({ functions: { a: view }, messages });
    expect(() => seen(`${attached}${op}: { function: a }`)).toThrow("waits until the guest lets go");
    expect(() => seen(`${op}: { function: a }\n${op}: { function: a }`)).toThrow("has not passed");
  });
});

it("has everything back of a guest that is killed", () => {
  const [last] = seen(`${started}host-unbind: { function: r }\nhost-unbind: { function: w }\nguest-kill:`).slice(-1);
  const back = { driver: "vfio-pci", enabled: true, pages: null };
  expect(last?.result).toBe("stopped");
  expect(last?.host).toMatchObject({ functions: { a: back, b: back }, messages: [] });
  expect(() => seen("guest-kill:")).toThrow("Which function is reset first");
});

describe("a guest that is reset", () => {
  const back = { driver: "vfio-pci", enabled: true, pages: null };

  it("keeps its functions, with nothing mapped; one without a reset of its own is reset twice by its host's slot", () => {
    const one = `${started}host-unbind: { function: w }\n`;
    const [last] = seen(`${one}guest-reset:`).slice(-1);
    expect(last?.result).toBe("stopped");
    const kept = { ...back, pages: 0 };
    const once = ["r reset", "r disable", "r enable"];
    expect(last?.host).toMatchObject({ functions: { a: kept, r: kept }, messages: [...once, ...once] });
    expect(() => seen("guest-reset:")).toThrow("Which function is reset first");
  });

  it("has nothing mapped that its own driver had", () => {
    const driven = "drive: { function: a }\nhost-unbind: { function: r }\nhost-unbind: { function: w }\n";
    const all = seen(`${driven}guest-reset:`);
    expect(all.at(-1)?.host).toMatchObject({ functions: { a: { ...back, pages: 0 } }, messages: [] });
  });

  it("is not predicted while it is asked for a function: its QEMU does not survive that", () => {
    const alone = "host-unbind: { function: r }\nhost-unbind: { function: w }\n";
    expect(() => seen(`${started}${alone}unplug: { function: a }\nguest-reset:`)).toThrow("does not survive");
  });
});

it("is not asked for a function that it has deconfigured", () => {
  const [off, last] = seen("power: { function: a, on: false }\nhost-unbind: { function: a }");
  expect(off?.host).toMatchObject({ functions: { a: { driver: "vfio-pci", pages: 0 } } });
  expect(last?.messages).toEqual(["a available 0x308", "a reserved", "a removed"]);
  expect(last?.host).toMatchObject({ functions: { a: { driver: null, pages: null } }, messages: [] });
});

it("resets a function that the guest gives back, by its slot where it has no other way", () => {
  const [nvme, rng] = seen("unplug: { function: a }\nunplug: { function: r }");
  expect(nvme?.host).toMatchObject({ functions: { a: { driver: "vfio-pci", pages: null } }, messages: [] });
  expect(rng?.host).toMatchObject({ messages: ["r reset", "r disable", "r enable"] });
});
