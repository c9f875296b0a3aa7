/** What the contract and its known breaches say of instructions that are refused. */
import { describe, expect, it } from "vitest";
import type { Expectation } from "../compare/compare.ts";
import { witnessPlanOf } from "../testing/plan-of.ts";
import type { Profile } from "../trace/profile.ts";
import { ScenarioMistake } from "./scenario-mistake.ts";
import { predict } from "./model.ts";
import type { QuirkName } from "./quirks.ts";

const old = { kernel: { version: "6.12.107", digest: "none", options: ["*"], commandLine: "", patches: [] } };

function seen(steps: string, quirks: readonly QuirkName[] = [], bench: Partial<Profile> = {}): Expectation {
  return predict(witnessPlanOf(steps, bench), new Set(quirks)).at(-1)!.expectation;
}

const taken = `
  - take-iommufd: { function: a }
  - ioas-alloc: { ioas: A }
  - bus-master: { function: a }`;
const attach = "\n  - attach: { function: a, to: A }";
const map = "\n  - ioas-map: { ioas: A, iova: base, buffer: p, pages: 1 }";
const unmap = "\n  - ioas-unmap: { ioas: A, iova: base, length: 0x1000 }";
const write = "\n  - dma-write: { function: a, iova: base, block: 1 }";
const reset = "\n  - reset: { function: a }";
const other = "\n  - ioas-alloc: { ioas: B }\n  - replace: { function: a, to: B }";
const answer = (fields: string): string => `\n    answer: { ${fields} }`;
const register = (fields: string): string => answer(`instruction: mpcifc, control: register-ioat, ${fields}`);
const unregister = (fields: string): string => answer(`instruction: mpcifc, control: unregister-ioat, ${fields}`);
const flush = (fields: string): string => answer(`instruction: rpcit, ${fields}`);
const call = (fields: string): string => answer(`instruction: clp, ${fields}`);

describe("a table that is not registered", () => {
  it("leaves DMA blocked, and the next attach whole", () => {
    const failed = taken + attach + register("cc: 1, status: 16");
    expect(seen(failed)).toMatchObject({
      result: "EIO",
      values: { $has: { answered: [1] } },
      messages: ["a register-ioat cc=1 status=16"],
      functions: { a: { counters: null } },
    });
    expect(seen(failed + write).values).toEqual({ completion: "refused" });
    expect(seen(failed + attach + map + write).memory).toEqual({ "p[0]": "block:a:1" });
  });

  it("is no error for a function in the error state or gone, and registered by its reset", () => {
    for (const fields of ["cc: 1, status: 40", "cc: 3"]) {
      expect(seen(taken + attach + register(fields)).result).toBe("OK");
      const later = `${taken}${attach}${register(fields)}${reset}\n  - bus-master: { function: a }${map}${write}`;
      expect(seen(later).memory).toEqual({ "p[0]": "block:a:1" });
    }
    expect(seen(taken + attach + register("cc: 3"), [], old).result).toBe("EIO");
    expect(seen(taken + attach + register("cc: 1, status: 40"), [], old).result).toBe("OK");
  });

  it("is tried again while the function is busy", () => {
    expect(seen(taken + attach + register("cc: 2, times: 3"))).toMatchObject({
      result: "OK",
      values: { answered: [3] },
      messages: [],
    });
  });

  it("leaves a replace without effect, but for the implementation that blocks the function", () => {
    const failed = taken + attach + map + other + register("cc: 1, status: 16");
    expect(seen(failed).result).toBe("EIO");
    expect(seen(failed + write).memory).toEqual({ "p[0]": "block:a:1" });
    const quirks: QuirkName[] = ["failed-replace-blocks", "blocked-dma-silent"];
    expect(seen(failed + write, quirks)).toMatchObject({ values: { completion: "refused" }, memory: {} });
    expect(seen(failed + attach, quirks).result).toBe("OK");
    expect(seen(failed + attach + write, quirks).memory).toEqual({});
    expect(seen(`${failed}\n  - detach: { function: a }${attach}${write}`, quirks).memory).toEqual({
      "p[0]": "block:a:1",
    });
  });

  it("keeps what is reserved within an IOAS, but for the implementation that gives it free", () => {
    const steps = `${taken}
  - hwpt-alloc: { hwpt: H, function: a, ioas: A }
  - hwpt-alloc: { hwpt: I, function: a, ioas: A }
  - attach: { function: a, to: H }
  - replace: { function: a, to: I }${register("cc: 1, status: 16")}
  - iova-ranges: { ioas: A }`;
    const rangesOf = (quirks: QuirkName[]): unknown => (seen(steps, quirks).values as { ranges: unknown }).ranges;
    expect(rangesOf([])).toEqual([["0x100000000", "0x11fffffff"]]);
    expect(rangesOf(["failed-replace-drops-reservations"])).toEqual([["0x0", "0x3ffffffffff"]]);
  });

  it("has a reset fail, but for the implementation that returns the condition code", () => {
    const steps = taken + attach + map + reset + register("cc: 1, status: 16");
    expect(seen(steps)).toMatchObject({
      result: "EIO",
      functions: { a: { enabled: false } },
      messages: ["a reset", "a disable", "a enable", "a register-ioat cc=1 status=16", "a disable"],
    });
    expect(seen(steps, ["reset-returns-condition-code"])).toMatchObject({ result: "OK", values: { returned: 1 } });
    expect(seen(steps + reset).messages).toEqual(["a reset", "a enable"]);
  });

  it("has a reset wait while the function is busy, but for the implementation that may not wait there", () => {
    const steps = taken + attach + reset + register("cc: 2");
    expect(seen(steps)).toMatchObject({ result: "OK", alarms: [] });
    expect(seen(steps, ["busy-registration-sleeps-in-atomic"]).alarms).toEqual({ $not: [] });
  });
});

describe("a table that is not unregistered", () => {
  const steps = `${taken}${attach}${map}\n  - detach: { function: a }${unregister("cc: 1, status: 16")}`;
  const quirks: QuirkName[] = ["refused-unregister-keeps-table"];

  it("leaves DMA blocked, but for the implementation that does not look", () => {
    expect(seen(steps)).toMatchObject({ result: "OK", messages: ["a unregister-ioat cc=1 status=16"] });
    expect(seen(steps + write).memory).toEqual({});
    for (const each of [quirks, [...quirks, "shadow-by-rpcit"] as const]) {
      expect(seen(steps + write, each).memory).toEqual({ "p[0]": "block:a:1" });
    }
  });

  it("is in the way of the next, until a reset", () => {
    expect(seen(steps + attach).result).toBe("OK");
    expect(seen(steps + attach, quirks)).toMatchObject({
      result: "EIO",
      messages: ["a register-ioat cc=1 status=24"],
    });
    expect(seen(steps + reset + attach, quirks).result).toBe("OK");
  });

  it("is none where the function is gone", () => {
    expect(
      seen(`${taken}${attach}${reset}${call("command: enable, cc: 3")}\n  - detach: { function: a }`, quirks),
    ).toMatchObject({
      result: "OK",
      messages: ["a unregister-ioat cc=3 status=0"],
    });
  });
});

describe("a flush", () => {
  const mapped = taken + attach + map;

  it("for which resources are short is made up for by one of everything, which is not counted", () => {
    expect(seen(mapped + flush("cc: 1, status: 16"))).toMatchObject({
      result: "OK",
      functions: { a: { counters: { syncMapRpcits: 1, globalRpcits: 0, syncRpcits: 0 } } },
    });
    const twice = seen(mapped + flush("cc: 1, status: 4, times: 2"));
    expect(twice).toMatchObject({
      result: "ENOMEM",
      functions: { a: { counters: { mapped: 1, unmapped: 1, syncRpcits: 1 } } },
    });
  });

  it("of everything takes away what was left", () => {
    const quirks: QuirkName[] = ["refused-flush-leaves-page", "shadow-by-rpcit"];
    const left = mapped + unmap + flush("cc: 1, status: 16");
    expect(seen(left, quirks).devices).toMatchObject({ a: { reach: ["0x100000000+0x1000 rw"] } });
    expect(seen(left).devices).toMatchObject({ a: { reach: [] } });
    const made = `${left}\n  - ioas-map: { ioas: A, iova: base+0x5000, buffer: q }${flush("cc: 1, status: 16")}`;
    expect(seen(made, quirks).devices).toMatchObject({ a: { reach: ["0x100005000+0x1000 rw"] } });
  });

  it("that is refused otherwise has the map fail", () => {
    for (const fields of ["cc: 1, status: 8", "cc: 3"]) expect(seen(mapped + flush(fields)).result).toBe("EIO");
  });

  it("of the first of two functions ends the map where resources stay short", () => {
    const two = `${taken}\n  - take-iommufd: { function: b }${attach}\n  - attach: { function: b, to: A }${map}`;
    expect(seen(two + flush("of: b, cc: 1, status: 16, times: 2"))).toMatchObject({
      result: "ENOMEM",
      functions: { a: { counters: { syncMapRpcits: 1, syncRpcits: 2 } } },
    });
    expect(seen(two + flush("of: b, cc: 1, status: 8"), ["map-error-of-others-lost"]).result).toBe("OK");
  });

  it("is predicted for one page at a time, for nobody knows how often several are flushed", () => {
    const several = `${taken}${attach}\n  - ioas-map: { ioas: A, iova: base, buffer: p }${flush("cc: 2")}`;
    expect(() => seen(several)).toThrow("map one page at a time");
  });
});

describe("a reset that the platform refuses", () => {
  it("leaves the function as it was, or disabled, by how far it came", () => {
    const refused = taken + attach + map + reset + call("command: disable, response: 0x0106");
    expect(seen(refused)).toMatchObject({ result: "EIO", messages: ["a reset", "a disable rc=262"] });
    expect(seen(refused + write).memory).toEqual({ "p[0]": "block:a:1" });
    const half = taken + attach + map + reset + call("command: enable, response: 0x0104");
    expect(seen(half)).toMatchObject({ result: "EIO", messages: ["a reset", "a disable", "a enable rc=260"] });
    expect(seen(half + write).values).toEqual({ completion: "refused" });
    const more = map.replace("iova: base", "iova: base+0x2000");
    expect(seen(half + more).result).toBe("EIO");
    expect(seen(`${half}${more}${flush("cc: 1, status: 4, times: 2, done: true")}`).result).toBe("ENOMEM");
  });

  it("takes a function that is disabled already for what it is", () => {
    const done = taken + attach + reset + call("command: disable, response: 0x0105, done: true");
    expect(seen(done)).toMatchObject({ result: "OK", messages: ["a reset", "a disable rc=261", "a enable"] });
    const lie = taken + attach + reset + call("command: disable, response: 0x0105");
    expect(seen(lie)).toMatchObject({ result: "EIO", messages: ["a reset", "a disable rc=261", "a enable rc=258"] });
  });
});

describe("a recovery that the platform refuses", () => {
  const event = `${taken}${attach}${map}\n  - dma-write: { function: a, iova: base+0x8000, block: 1 }`;

  it("resets instead", () => {
    const unblock = answer("instruction: mpcifc, control: reset-load-store-blocked, cc: 1, status: 12");
    expect(seen(event + unblock).messages).toEqual([
      ...["a error 0x4", "a reset-load-store-blocked cc=1 status=c", "a reset", "a disable", "a enable"],
    ]);
    const clear = answer("instruction: mpcifc, control: reset-error, cc: 3");
    expect(seen(event + clear).messages).toContain("a clear-error-state cc=3 status=0");
  });

  it("never begins where the handle is not to be had", () => {
    const steps = event + call("command: list, cc: 3");
    expect(seen(steps).messages).toEqual(["a error 0x4"]);
    expect(seen(steps + map.replace("base", "base+0x9000")).result).toBe("EIO");
  });
});

describe("power", () => {
  const off = "\n  - power: { function: a, on: false }";
  const on = off.replace("false", "true");
  const bound = "\n  - bind: { function: a }";

  it("that stays on leaves the function, but for the implementation that loses it", () => {
    const steps = bound + off + call("command: disable, response: 0x0107");
    const quirks: QuirkName[] = ["failed-power-off-loses-function"];
    expect(seen(steps)).toMatchObject({ result: "EIO", functions: { a: { driver: "vfio-pci", enabled: true } } });
    expect(seen(steps, quirks)).toMatchObject({ result: "EIO", functions: { a: { driver: null, enabled: null } } });
    expect(seen(steps + off + on, quirks)).toMatchObject({ result: "OK", functions: { a: { enabled: true } } });
  });

  it("that comes on without the function being enabled leaves nobody there", () => {
    const steps = bound + off + on + call("command: enable, response: 0x0104");
    expect(seen(steps)).toMatchObject({ result: "EIO", messages: ["a configure", "a enable rc=260"] });
    expect(seen(steps + bound).result).toBe("ENOENT");
    expect(seen(steps + off)).toMatchObject({ result: "OK", messages: ["a deconfigure"] });
  });
});

it("refuses answers that nothing asks for, and what would be a machine that cannot be", () => {
  expect(() => seen(taken + flush("cc: 2"))).toThrow(ScenarioMistake);
  expect(() => seen(taken + attach + flush("cc: 2"))).toThrow("No rpcit is executed here");
  expect(() => seen(taken + attach + register("cc: 2, done: true"))).toThrow("leave out done");
  const enabled = reset + call("command: enable, response: 0x0104, done: true");
  expect(() => seen(taken + attach + enabled)).toThrow("two handles at once");
  const warned = `${taken}${attach}\n  - close: { function: a }${register("cc: 1, status: 16, from: 2")}`;
  expect(() => seen(warned)).toThrow("takes it for certain");
});

describe("a mapping that one of several domains refuses", () => {
  const shared = `
  - take-iommufd: { function: a }
  - take-iommufd: { function: b }
  - ioas-alloc: { ioas: A }
  - hwpt-alloc: { hwpt: H, function: b, ioas: A }
  - attach: { function: b, to: H }
  - attach: { function: a, to: A }
  - bus-master: { function: b }
  - ioas-map: { ioas: A, iova: base, buffer: p, pages: 1 }
    answer: { instruction: rpcit, of: a, cc: 1, status: 40 }`;

  it("is unmapped in those that had it already, and counted there", () => {
    const expected = seen(shared);
    expect(expected.result).toBe("EIO");
    const counters = { mapped: 1, unmapped: 1, syncMapRpcits: 1, syncRpcits: 1 };
    expect(expected.functions).toMatchObject({ b: { counters } });
    expect(expected.devices).toMatchObject({ b: { reach: [] } });
  });

  it("is in reach of nobody", () => {
    const expected = seen(`${shared}
  - dma-write: { function: b, iova: base, block: 1 }`);
    expect(expected.memory).toEqual({});
    expect(expected.messages).toEqual(["b error 0x4"]);
  });
});
