/** What the contract and QEMU's deviations say of DMA inside operations. */
import { describe, expect, it } from "vitest";
import type { Expectation } from "../compare/compare.ts";
import { witnessPlanOf } from "../testing/plan-of.ts";
import type { Profile } from "../trace/profile.ts";
import type { Script } from "./choices.ts";
import { predict } from "./model.ts";
import type { QuirkName } from "./quirks.ts";

const shadow: QuirkName[] = ["shadow-by-rpcit"];
const old = { kernel: { version: "6.12.107", digest: "none", options: ["*"], commandLine: "", patches: [] } };

interface Run {
  readonly quirks?: readonly QuirkName[];
  readonly bench?: Partial<Profile>;
  /** Ways of the last step but `after`. */
  readonly ways?: readonly number[];
  /** Steps after the one that is looked at. */
  readonly after?: number;
}

function seen(steps: string, { quirks = [], bench = {}, ways = [], after = 0 }: Run = {}): Expectation {
  const plan = witnessPlanOf(steps, bench);
  const index = plan.steps.length - 1 - after;
  const script: Script = [...plan.steps.slice(0, index).map(() => []), ways];
  return predict(plan, new Set(quirks), script)[index]!.expectation;
}

const duringOf = (expectation: Expectation): unknown => (expectation.values as { during: unknown }).during;

const one = `
  - take-iommufd: { function: a }
  - ioas-alloc: { ioas: A }
  - attach: { function: a, to: A }
  - bus-master: { function: a }`;
const two = `
  - take-iommufd: { function: a }
  - take-iommufd: { function: b }
  - ioas-alloc: { ioas: A }
  - attach: { function: a, to: A }
  - attach: { function: b, to: A }
  - bus-master: { function: a }
  - bus-master: { function: b }`;
const map = "\n  - ioas-map: { ioas: A, iova: base+0x10000, buffer: p, pages: 1 }";
const unmap = "\n  - ioas-unmap: { ioas: A, iova: base+0x10000, length: 0x1000 }";
const mapped = "base+0x10000";
const nothing = "base+0x50000";

/** A write of function `by` at each of these points, as `before-flush of b`. */
const during = (...writes: readonly (readonly [place: string, by: string, iova: string])[]): string =>
  "\n    during:" +
  writes
    .map(([place, by, iova], index) => {
      const [at, of] = place.split(" of ");
      const whose = of === undefined ? "" : `, of: ${of}`;
      return `\n      - { at: ${at}${whose}, dma-write: { function: ${by}, iova: ${iova}, block: ${index + 1} } }`;
    })
    .join("");

describe("between a table's change and its flush", () => {
  const early = one + map + unmap + during(["before-flush", "a", mapped]);

  it("either answer to DMA is right, and whoever goes by RPCIT alone has the old one", () => {
    expect(duringOf(seen(early))).toEqual(["success"]);
    expect(seen(early, { ways: [1] })).toMatchObject({ values: { during: ["refused"] }, messages: ["a error 0x4"] });
    expect(duringOf(seen(early, { quirks: shadow, ways: [1] }))).toEqual(["success"]);
    expect(seen(early).memory).toEqual({ "p[0]": "block:a:1" });
  });

  it("a new page may be out of reach still, and then the map fails", () => {
    const tooEarly = one + map + during(["before-flush", "a", mapped]);
    expect(seen(tooEarly)).toMatchObject({ result: "EIO", values: { $has: { during: ["refused"] } } });
    expect(seen(tooEarly, { ways: [1] })).toMatchObject({ result: "OK", values: { during: ["success"] } });
    expect(seen(tooEarly).functions).toMatchObject({
      a: { counters: { mapped: 1, unmapped: 1, syncMapRpcits: 1, syncRpcits: 1 } },
    });
  });

  it("functions are told one after another, newest first", () => {
    const steps = during(
      ["before-flush of b", "b", mapped],
      ["before-flush of a", "a", mapped],
      ["before-flush of a", "b", mapped],
      ["after-flush of a", "a", mapped],
    );
    const expectation = seen(two + map + unmap + steps);
    expect(duringOf(expectation)).toEqual(["success", "success", "refused", "refused"]);
    expect(expectation.messages).toEqual(["b error 0x4", "a error 0x4"]);
  });

  it("one page at a time is asked for, for nobody knows how often several are flushed", () => {
    const several =
      "\n  - ioas-map: { ioas: A, iova: base+0x10000, buffer: p }" + during(["after-flush", "a", mapped]);
    expect(() => seen(one + several)).toThrow("map one page at a time");
  });
});

describe("a function that comes into the error state inside an operation", () => {
  const lost = one + map + unmap + during(["before-flush", "a", nothing]);
  const after = `${lost}\n  - dma-write: { function: a, iova: ${mapped}, block: 7 }`;
  const keeps: QuirkName[] = ["flush-lost-in-error-state"];

  it("has lost what is unmapped all the same, but for the implementation that keeps it", () => {
    expect(seen(after).values).toEqual({ completion: "refused" });
    for (const quirks of [keeps, [...shadow, ...keeps]]) {
      expect(seen(after, { quirks })).toMatchObject({
        values: { completion: "success" },
        memory: { "p[0]": "block:a:7" },
      });
      expect(seen(lost, { quirks }).devices).toMatchObject({ a: { reach: ["0x100010000+0x1000 rw"] } });
    }
    expect(seen(after, { quirks: shadow }).values).toEqual({ completion: "refused" });
  });

  it("is told of the page's next mapping, whatever it kept", () => {
    const again = `${lost}\n  - ioas-map: { ioas: A, iova: base+0x10000, buffer: q }`;
    const steps = `${again}\n  - dma-write: { function: a, iova: ${mapped}, block: 7 }`;
    for (const quirks of [keeps, [...shadow, ...keeps]])
      expect(seen(steps, { quirks }).memory).toEqual({ "q[0]": "block:a:7" });
  });

  it("stays there for the rest of it, or is back at once", () => {
    const steps = one + map + during(["before-flush", "a", nothing]);
    expect(seen(steps).result).toBe("EIO");
    expect(seen(steps, { ways: [1] }).result).toBe("OK");
  });

  it("stays there for good where the kernel does not bring it back", () => {
    expect(seen(after, { bench: old, quirks: [...shadow, ...keeps] }).values).toEqual({ completion: "refused" });
  });

  it("has a map fail, but for the implementation that forgets all errors but the last", () => {
    const newest = two + map + during(["before-flush of b", "b", nothing]);
    const oldest = two + map + during(["before-flush of a", "a", nothing]);
    const quirks: QuirkName[] = ["map-error-of-others-lost"];
    expect([seen(newest).result, seen(oldest).result]).toEqual(["EIO", "EIO"]);
    expect([seen(newest, { quirks }).result, seen(oldest, { quirks }).result]).toEqual(["OK", "EIO"]);
    expect(seen(newest).devices).toMatchObject({ a: { reach: [] }, b: { reach: [] } });
  });
});

describe("leaving and joining a domain", () => {
  const other = "\n  - ioas-alloc: { ioas: B }\n  - ioas-map: { ioas: B, iova: base+0x10000, buffer: q }";
  const replace = `${one}${map}${other}\n  - replace: { function: a, to: B }`;

  it("goes from the old table over none to the new one", () => {
    const at = (point: string, quirks: readonly QuirkName[] = []): Expectation =>
      seen(replace + during([point, "a", mapped]), { quirks });
    expect(at("before-unregister").memory).toEqual({ "p[0]": "block:a:1" });
    expect(duringOf(at("after-unregister"))).toEqual(["refused"]);
    expect(duringOf(at("before-register"))).toEqual(["refused"]);
    expect(at("after-register").memory).toEqual({ "q[0]": "block:a:1" });
    expect(at("after-register", shadow)).toMatchObject({
      values: { during: ["refused"] },
      messages: ["a error 0x4"],
    });
    expect(at("after-unregister", ["blocked-dma-silent"]).messages).toEqual([]);
  });

  it("fills the first attach's table only when it is registered", () => {
    const steps = `
  - take-iommufd: { function: a }
  - bus-master: { function: a }
  - ioas-alloc: { ioas: A }${map}
  - attach: { function: a, to: A }`;
    expect(seen(steps + during(["after-register", "a", mapped]))).toMatchObject({
      result: "EIO",
      messages: ["a error 0x4"],
    });
    expect(seen(steps + during(["after-flush", "a", mapped]))).toMatchObject({
      result: "OK",
      memory: { "p[0]": "block:a:1" },
    });
  });

  it("has no points where nothing is left or joined", () => {
    const same = `${one}${map}\n  - attach: { function: a, to: A }${during(["before-unregister", "a", mapped])}`;
    expect(seen(same)).toMatchObject({ values: { pt: "auto:1", during: ["not reached"] }, memory: {} });
  });
});

describe("a reset", () => {
  const reset = `${one}${map}\n  - reset: { function: a }`;
  const inside = [
    "before-disable",
    "after-disable",
    "before-enable",
    "after-enable",
    "before-register",
    "after-register",
  ];

  it("has its function do no DMA from when its command register is saved until that is restored", () => {
    const expectation = seen(reset + during(...["before-reset", ...inside].map((at) => [at, "a", mapped] as const)));
    expect(duringOf(expectation)).toEqual(["success", ...inside.map(() => "refused")]);
    expect(expectation.messages).toEqual(["a reset", "a disable", "a enable"]);
  });

  it("of one function is nothing to another", () => {
    const steps = `${two}${map}\n  - reset: { function: b }${during(...inside.map((at) => [at, "a", mapped] as const))}`;
    expect(duringOf(seen(steps))).toEqual(inside.map(() => "success"));
  });

  it("that overtakes an error event has another one follow it", () => {
    const steps = reset + during(["before-reset", "a", nothing]);
    const again = ["a reset-load-store-blocked cc=1 status=18", "a reset", "a disable", "a enable"];
    // Ways: handled after the operation; the recovery has not taken the function; when the kernel says that there is an event.
    const said = (when: number): unknown => seen(steps, { ways: [0, 0, when] }).messages;
    expect(said(0)).toEqual(["a reset", "a error 0x4", "a disable", "a enable", ...again]);
    expect(said(1)).toEqual(["a reset", "a disable", "a error 0x4", "a enable", ...again]);
    expect(said(3)).toEqual(["a reset", "a disable", "a enable", "a error 0x4", ...again]);
    // The reset has the lock, and has said nothing yet: seen once in some hundred runs.
    expect(said(4)).toEqual(["a error 0x4", "a reset", "a disable", "a enable", ...again]);
  });

  it("gives up where the recovery came first", () => {
    const steps = reset + during(["before-reset", "a", nothing]);
    expect(seen(steps, { ways: [0, 1] })).toMatchObject({ result: "EIO", messages: ["a error 0x4"] });
    expect(seen(steps, { ways: [0, 2] })).toMatchObject({ result: "EAGAIN", messages: ["a error 0x4"] });
    const sysfs = steps.replace("- reset:", "- sysfs-reset:");
    expect(seen(sysfs, { ways: [0, 1] })).toMatchObject({ result: "EIO", messages: ["a error 0x4"] });
    expect(seen(sysfs, { ways: [0, 2] }).result).toBe("OK");
    const hot = steps.replace("- reset:", "- hot-reset:");
    expect(seen(hot, { ways: [0, 3] })).toMatchObject({ result: "ENOTTY", messages: ["a error 0x4"] });
    expect(seen(steps, { ways: [1] }).messages).toEqual(["a error 0x4", "a reset", "a disable", "a enable"]);
  });

  it("leaves what it did to a function that the kernel gave up", () => {
    const steps = reset + during(["before-reset", "a", nothing]);
    expect(seen(steps, { bench: old }).messages).toEqual(["a reset", "a error 0x4", "a disable", "a enable"]);
  });
});

describe("another thread's flush of a function", () => {
  const flushes = (...at: readonly string[]): string =>
    "\n    during:" +
    at
      .map((each) => `\n      - { at: ${each}, flush: { function: a, iova: base+0x10000, length: 0x1000 } }`)
      .join("");
  const quirks: QuirkName[] = ["flush-without-table-is-an-error"];

  it("fails without a table, and nothing else comes of it, but for the implementation that makes an error of it", () => {
    const detach = `${one}${map}\n  - detach: { function: a }${flushes("before-unregister", "after-unregister")}`;
    expect(seen(detach)).toMatchObject({ values: { during: ["success", "refused"] }, messages: [] });
    expect(seen(detach, { quirks })).toMatchObject({
      values: { during: ["success", "refused"] },
      messages: ["a error 0x1"],
    });
  });

  it("fails while its function is disabled, and nothing else comes of it", () => {
    const reset = `${one}${map}\n  - reset: { function: a }${flushes("before-disable", "after-disable")}`;
    for (const run of [{}, { quirks }]) {
      const expectation = seen(reset, run);
      expect(duringOf(expectation)).toEqual(["success", "refused"]);
      expect(expectation.messages).toEqual(["a reset", "a disable", "a enable"]);
    }
  });

  it("has a function lose its command register where it is taken for an error in the middle of a reset", () => {
    const reset = `${one}${map}\n  - reset: { function: a }${flushes("after-enable")}`;
    const after = `${reset}\n  - dma-write: { function: a, iova: base+0x10000, block: 7 }`;
    expect(seen(after).values).toEqual({ completion: "success" });
    expect(seen(after, { quirks })).toMatchObject({ values: { completion: "refused" }, messages: [] });
    expect(seen(reset, { quirks }).messages).toEqual(["a reset", "a disable", "a enable", "a error 0x1"]);
  });

  it("tells its function of the table as it is", () => {
    const early = `${one}${map}${flushes("before-flush")}
      - { at: before-flush, dma-write: { function: a, iova: base+0x10000, block: 1 } }`;
    for (const each of [[], shadow]) expect(duringOf(seen(early, { quirks: each }))).toEqual(["success", "success"]);
    const late = `${one}${map}${unmap}${flushes("before-flush")}
      - { at: before-flush, dma-write: { function: a, iova: base+0x10000, block: 1 } }`;
    for (const each of [[], shadow]) expect(duringOf(seen(late, { quirks: each }))).toEqual(["success", "refused"]);
  });
});

it("is silent where a function is closed, from the first moment on", () => {
  const points = ["before-reset", "before-disable", "after-register", "before-unregister", "after-unregister"];
  const close = `${one}${map}\n  - close: { function: a }${during(...points.map((at) => [at, "a", mapped] as const))}`;
  expect(seen(close)).toMatchObject({ values: { during: points.map(() => "refused") }, memory: {} });
  expect(seen(close).messages).toEqual(["a reset", "a disable", "a enable"]);
});

it.each(["dma-write: { function: b, iova: base, block: 1 }", "flush: { function: a, iova: base, length: 0x1000 }"])(
  "has no word for the flush of a function without a handle: %s",
  (operation) => {
    const of = operation.startsWith("flush") ? "" : "of: a, ";
    const steps = `
  - power: { function: a, on: false }
  - ioas-alloc: { ioas: A }
  - ioas-unmap: { ioas: A, iova: base, length: 0x1000 }
    during: [{ at: before-flush, ${of}${operation} }]`;
    expect(() => seen(steps)).toThrow('"a" is not there');
  },
);
