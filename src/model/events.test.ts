/** What is to become of functions of which the platform tells an event. */
import { describe, expect, it } from "vitest";
import type { Expectation } from "../compare/compare.ts";
import { makePlan } from "../plan/make-plan.ts";
import { parseScenario } from "../scenario/parse.ts";
import { modelProfile } from "../target/model-target.ts";
import { planOf } from "../testing/plan-of.ts";
import { predict } from "./model.ts";
import type { QuirkName } from "./quirks.ts";
import { ScenarioMistake } from "./scenario-mistake.ts";

function seen(steps: string, quirks: readonly QuirkName[] = [], parameters = ""): Expectation {
  const text = `name: sample
summary: Events that the platform tells of
tags: [test]
kernel-parameters: [${parameters}]
functions: { a: nvme, b: nvme }
buffers: { p: 1 }
steps:
${steps}`;
  return predict(makePlan(parseScenario(text, "sample.yaml"), modelProfile), new Set(quirks)).at(-1)!.expectation;
}

const tell = (code: string, more = ""): string => `\n  - event: { function: a, code: "${code}"${more} }`;
const take = "\n  - take-iommufd: { function: a }";
const ioas = "\n  - ioas-alloc: { ioas: A }";
const attach = "\n  - attach: { function: a, to: A }";
const start = "\n  - start-nvme: { function: a, ioas: A }";
const map = "\n  - ioas-map: { ioas: A, iova: base+0x10000, buffer: p }";
const write = "\n  - dma-write: { function: a, iova: base+0x10000, block: 1 }";
const close = "\n  - close: { function: a }";
const renew = (says: string, more = ""): string =>
  `${tell("0x0304")}${tell("0x0308")}${tell("0x0301")}
    answer:
      - { instruction: clp, command: query-group, done: true, says: { ${says} } }${more}`;
const registered = "\n      - { instruction: mpcifc, control: register-ioat, cc: 0 }";
const used = take + ioas + attach + start + map;

describe("error events", () => {
  it("have a function reset that has no error", () => {
    expect(seen(used + tell("0x003a")).messages).toEqual([
      "a error 0x3a",
      "a reset-load-store-blocked cc=1 status=18",
      "a reset",
      "a disable",
      "a enable",
    ]);
  });

  it("are passed over where they are stale, or about measurement", () => {
    expect(seen(used + tell("0x003a", ", stale: true")).messages).toEqual(["a error 0x3a stale"]);
    for (const code of ["2a", "2b", "2c"]) {
      expect(seen(used + tell(`0x00${code}`)).messages).toEqual([`a error 0x${code}`]);
    }
    expect(seen(used + tell("0x002a") + write).memory).toEqual({ "p[0]": "block:a:1" });
  });

  it("give a function up where they say so, or nobody can recover it, and it is left alone then", () => {
    for (const begin of [used + tell("0x003b"), used + tell("0x0040"), tell("0x003a")]) {
      expect(seen(begin + tell("0x003a")).messages).toEqual(["a error 0x3a"]);
    }
    expect(seen(`${tell("0x003a")}\n  - recover: { function: a }${used}${write}`).memory).toEqual({
      "p[0]": "block:a:1",
    });
  });
});

describe("availability events", () => {
  it("take a function away at once, or when it is closed", () => {
    expect(seen(tell("0x0304"))).toMatchObject({
      messages: ["a available 0x304", "a disable"],
      functions: { a: { enabled: null } },
    });
    expect(seen(used + tell("0x0304")).messages).toEqual(["a available 0x304"]);
    expect(seen(used + tell("0x0304") + write).memory).toEqual({ "p[0]": "block:a:1" });
    expect(seen(used + tell("0x0304") + close).messages).toEqual(["a disable"]);
    expect(seen(used + tell("0x0303") + close).messages).toEqual(["a disable", "a deconfigure"]);
  });

  it("bring it back: from standby, or as one that is asked about anew", () => {
    expect(seen(tell("0x0304") + tell("0x0301")).messages).toEqual(["a available 0x301", "a enable"]);
    expect(seen(tell("0x0304") + tell("0x0308")).messages).toEqual(["a available 0x308", "a reserved", "a removed"]);
    const gone = tell("0x0304") + tell("0x0308");
    expect(seen(gone + tell("0x0302")).messages).toEqual(["a available 0x302", "a add"]);
    expect(seen(gone + tell("0x0301")).messages).toEqual(["a available 0x301", "a add", "a enable"]);
    expect(seen(`${gone}\n  - event: { function: b, code: "0x0306" }`).messages).toEqual([
      "b available 0x306",
      "a add",
      "a enable",
    ]);
    const unknown = `${gone}${tell("0x0301")}
    answer: { instruction: clp, command: query, response: "0x0101" }`;
    expect(seen(unknown).messages).toEqual(["a available 0x301", "a create rc=-5"]);
  });

  it("change nothing where they are not so any more", () => {
    for (const code of ["0x0301", "0x0302", "0x0306"]) {
      expect(seen(used + tell(code)).messages).toEqual([`a available ${code.replace("0x0", "0x")}`]);
    }
    expect(seen(tell("0x0304") + tell("0x0303")).messages).toEqual(["a available 0x303"]);
  });

  it("are not told of what a platform would not tell of", () => {
    expect(() => seen(used + tell("0x0308"))).toThrow(/in use/);
    expect(() => seen(`\n  - power: { function: a, on: false }${tell("0x0301")}`)).toThrow(ScenarioMistake);
    expect(() => seen(tell("0x0301", ", stale: true"))).toThrow(/stale is for errors/);
  });
});

describe("what the platform says of a function anew", () => {
  const ranges = "\n  - iova-ranges: { ioas: A }";
  const attached = `${attach}\n    answer: { instruction: mpcifc, control: register-ioat, cc: 0 }`;
  const unlimited = "s390_iommu_aperture=0";
  const rangesOf = (dtsm: string, quirks: readonly QuirkName[] = []): unknown =>
    (
      seen(renew(`dtsm: "${dtsm}"`, registered) + take + ioas + attached + ranges, quirks, unlimited).values as {
        ranges: unknown;
      }
    ).ranges;

  it("decides on the type of its table, by the mask and not by the number", () => {
    expect(rangesOf("0x70")).toEqual([["0x100000000", "0x1ffffffffffffff"]]);
    expect(() => rangesOf("0x40")).not.toThrow();
    expect(rangesOf("0x48")).toEqual([["0x100000000", "0x3ffffffffff"]]);
    expect(rangesOf("0x70", ["table-types-by-number"])).toEqual([["0x100000000", "0x3ffffffffff"]]);
    expect(rangesOf("0x48", ["table-types-by-number"])).toEqual([["0x100000000", "0x1ffffffffffffff"]]);
  });

  it("decides on where its DMA begins, which a table has to reach", () => {
    const distant = (dtsm: string, quirks: readonly QuirkName[] = []): Expectation =>
      seen(
        renew(`dtsm: "${dtsm}"`, registered).replace(
          "      - {",
          '      - { instruction: clp, command: query, done: true, says: { sdma: "0x50000000000" } }\n      - {',
        ) + "\n  - bind: { function: a }",
        quirks,
      );
    expect(distant("0x78").functions).toMatchObject({ a: { driver: "vfio-pci" } });
    expect(distant("0x78", ["short-table-for-distant-start"]).functions).toMatchObject({ a: { driver: null } });
    expect(() => distant("0x40")).toThrow(/No table .* reaches/);
  });

  it("decides on what a map costs", () => {
    const { functions } = seen(renew("refresh: false") + take + ioas + attach + map);
    expect(functions).toMatchObject({ a: { counters: { mapped: 1, syncMapRpcits: 0 } } });
    const unmapped = `\n  - ioas-unmap: { ioas: A, iova: base+0x10000, length: 0x1000 }`;
    expect(seen(renew("refresh: false") + take + ioas + attach + map + unmapped).functions).toMatchObject({
      a: { counters: { syncMapRpcits: 0, syncRpcits: 1 } },
    });
  });

  it("lets it go without translation, where somebody takes that in QEMU's place", () => {
    const asked = `${renew("relaxed: true")}\n  - domain-type: { function: a, type: identity }`;
    expect(seen(`${asked}\n    answer: { instruction: mpcifc, control: register-ioat, cc: 0 }`).values).toMatchObject(
      {
        type: "identity",
      },
    );
    expect(() => seen(asked)).toThrow(/have register-ioat of "a" answered/);
    expect(seen("\n  - domain-type: { function: a, type: identity }").result).toBe("EOPNOTSUPP");
  });

  it("is no reason to predict DMA that QEMU does not do so", () => {
    expect(() => seen(renew("refresh: false") + used + write)).toThrow(/does not translate DMA/);
    expect(() => seen(renew('dtsm: "0x78"') + take, [], unlimited)).toThrow(/have register-ioat of "a" answered/);
  });
});

it("tells who has an eventfd for it of an error once, and once more where it has failed to recover from it", () => {
  const told = (event: string, version = "7.2.13"): unknown => {
    const kernel = { version, digest: "none", options: ["*"], commandLine: "", patches: [] };
    const plan = planOf(
      `take-iommufd: { function: a }
      errors-enable: { function: a }
      ${event}
      errors-told: { function: a }`,
      { kernel },
    );
    return predict(plan, new Set()).at(-1)?.expectation.values;
  };
  const event = 'event: { function: a, code: "0x003a" }';
  const blocked = "{ instruction: mpcifc, control: reset-load-store-blocked, cc: 1, status: 4 }";
  const failing = `{ ${event}, answer: [${blocked}, { instruction: clp, command: enable, cc: 3 }] }`;
  expect([event, failing, event.replace("}", ", stale: true }")].map((each) => told(each))).toEqual([
    { errors: 1 },
    { errors: 2 },
    { errors: 0 },
  ]);
  // Up to 6.19 nothing is tried for VFIO: it is told that its function is lost, and no more.
  expect(told(event, "6.12.107")).toEqual({ errors: 1 });
});

it("does not know how many errors came of commands to a controller of which nobody knows whether it goes on", () => {
  const plan = planOf(`take-iommufd: { function: a }
    ioas-alloc: { ioas: A }
    attach: { function: a, to: A }
    start-nvme: { function: a, ioas: A }
    errors-enable: { function: a }
    dma-write: { function: a, iova: base+0x8000, block: 1 }
    dma-write: { function: a, iova: base+0x8000, block: 2 }
    errors-told: { function: a }
    errors-told: { function: a }`);
  const told = predict(plan, new Set(["shadow-by-rpcit"])).slice(-2);
  expect(told.map(({ expectation }) => expectation.values)).toEqual([{ errors: { $any: true } }, { errors: 0 }]);
});
