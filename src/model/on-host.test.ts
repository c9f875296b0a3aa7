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

describe("a host that wants back what somebody in the guest holds", () => {
  const view = { driver: null, enabled: true };

  it("waits as the guest does, and all goes on meanwhile", () => {
    const all = seen(`${started}${write}host-remove: { function: a }\n${write}reset: { function: a }`);
    const [asked, dma, reset] = all.slice(-3);
    expect(asked).toMatchObject({
      messages: ["a available 0x303"],
      functions: { a: { driver: null, enabled: true } },
    });
    expect(asked?.host).toMatchObject({ functions: { a: { ...view, pages: 5 } }, messages: [] });
    expect(dma).toMatchObject({ values: { status: 0 }, host: { functions: { a: { ...view, pages: 5 } } } });
    expect(reset?.result).toBe("EAGAIN");
  });

  it("has it when it is closed there, however often it has asked again", () => {
    const [closed, back] = seen(
      `${started}host-remove: { function: a }\nclose: { function: a }\nhost-await: { function: a }`,
    ).slice(-2);
    const gone = ["a available 0x308", "a reserved", "a removed"];
    const begin = ["a disable", "a deconfigure"];
    const { $oneOf } = closed?.messages as { readonly $oneOf: readonly unknown[] };
    expect($oneOf.slice(0, 2)).toEqual([
      [...begin, ...gone],
      [...begin, "a available 0x303", ...gone],
    ]);
    expect(closed?.host).toMatchObject({ functions: { a: { $any: true } }, messages: [] });
    expect(back?.host).toMatchObject({ functions: { a: { driver: null, enabled: null, pages: null } } });
  });

  it("has no meaning where nobody holds it, or where nobody was asked", () => {
    expect(() => seen("host-remove: { function: a }")).toThrow("Nobody in the guest holds");
    expect(() => seen(`${started}host-await: { function: a }`)).toThrow("would wait");
    expect(() => seen(`${started}host-remove: { function: a }\nhost-await: { function: a }`)).toThrow("would wait");
  });
});

describe("a guest that boots anew", () => {
  const back = { driver: "vfio-pci", enabled: true };

  it("has its function in the hands of its own driver, and nothing of what VFIO had", () => {
    const alone = `${started}host-unbind: { function: r }\nhost-unbind: { function: w }\n`;
    const all = seen(
      `${alone}guest-reboot:\nblock-read: { function: a, block: 2, buffer: q }\nunbind: { function: a }`,
    );
    const [reboot, read, unbound] = all.slice(-3);
    expect(reboot).toMatchObject({ result: "OK", messages: [], functions: { a: { driver: "nvme", enabled: true } } });
    expect(reboot?.host).toMatchObject({ functions: { a: { ...back, pages: { $any: true } } }, messages: [] });
    expect(read).toMatchObject({ result: "OK", memory: { "q[0]": "block:a:2" } });
    expect(unbound?.functions).toMatchObject({ a: { driver: null, counters: null } });
    expect(() => seen(`${alone}guest-reboot:\nioas-map: { ioas: A, iova: base, buffer: p }`)).toThrow();
  });

  it("has what it can be asked again, from the beginning", () => {
    const alone = "host-unbind: { function: r }\nhost-unbind: { function: w }\n";
    const [last] = seen(`${started}${alone}guest-reboot:\n${started}${write}`).slice(-1);
    expect(last).toMatchObject({ values: { status: 0 }, memory: { "q[0]": "block:a:1" } });
    expect(last?.host).toMatchObject({ functions: { a: { ...back, pages: 5 } } });
  });

  it("is reset as by its host where it reboots by itself, unless it waits for a function", () => {
    const alone = `${started}host-unbind: { function: r }\nhost-unbind: { function: w }\n`;
    const itself = "guest-reboot: { by: guest }";
    expect(seen(`${alone}${itself}\n${started}${write}`)).toEqual(seen(`${alone}guest-reboot:\n${started}${write}`));
    expect(() => seen(`${alone}unplug: { function: a }\n${itself}`)).toThrow('before "a" is let go of');
  });

  it("leaves in standby what was, and numbers groups of the others", () => {
    const off = "host-unbind: { function: w }\npower: { function: a, on: false }\nguest-reboot:\n";
    const all = seen(`${off}group: { function: r }\npower: { function: a, on: true }`);
    const [reboot, group, on] = all.slice(-3);
    expect(reboot?.functions).toMatchObject({ a: { driver: null, enabled: null }, r: { driver: "virtio-pci" } });
    const once = ["r reset", "r disable", "r enable"];
    expect(reboot?.host).toMatchObject({ messages: [...once, ...once], functions: { a: { pages: 0 } } });
    // That of "b" comes first.
    expect(group?.values).toMatchObject({ group: 1 });
    expect(on).toMatchObject({ result: "OK", functions: { a: { driver: null, enabled: true } } });
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
