import { describe, expect, it } from "vitest";
import { planOf } from "../testing/plan-of.ts";
import { modelProfile } from "../target/model-target.ts";
import { ScenarioMistake } from "./scenario-mistake.ts";
import { predict, type Step } from "./model.ts";

/** What is expected last of steps, on a kernel that is told something. */
const last = (steps: string, commandLine = ""): Step["expectation"] =>
  predict(planOf(steps, { kernel: { ...modelProfile.kernel, commandLine } })).at(-1)!.expectation;

const countersOf = (steps: string, name = "a"): unknown =>
  (last(steps).functions as Readonly<Record<string, { readonly counters: unknown }>>)[name]?.counters;

const strict = `
  domain-type: { function: a, type: DMA }
  drive: { function: a }
  counters-reset: { function: a }`;
const lazy = `
  domain-type: { function: a, type: DMA }
  drive: { function: a }
  domain-type: { function: a, type: DMA-FQ }
  counters-reset: { function: a }`;
const read = "block-read: { function: a, block: 3, buffer: p }";
const readBoth = "block-read: { function: a, block: 3, buffer: p, page: 1, pages: 2 }";

describe("a transfer of the kernel's driver", () => {
  it("is flushed once for its mapping and, strict, once for its unmapping, however many pages it has", () => {
    expect(countersOf(`${strict}\n${read}\n${readBoth}`)).toEqual({
      ...{ mapped: 3, unmapped: 3, syncMapRpcits: 2, syncRpcits: 2, globalRpcits: 0 },
    });
  });

  it("is several where its pages are to be moved one after the other", () => {
    const apart = "block-read: { function: a, block: 3, buffer: p, pages: 3, apart: true }";
    expect(countersOf(`${strict}\n${apart}`)).toMatchObject({ mapped: 3, syncMapRpcits: 3, syncRpcits: 3 });
    expect(countersOf(`${lazy}\n${apart}`)).toMatchObject({ syncRpcits: 0, globalRpcits: { $range: [0, 3] } });
  });

  it("is not flushed for its unmapping where it is lazy, but with all that waits", () => {
    expect(countersOf(`${lazy}\n${read}\n${readBoth}`)).toEqual({
      ...{ mapped: 3, unmapped: 3, syncMapRpcits: 2, syncRpcits: 0, globalRpcits: { $range: [0, 2] } },
    });
    expect(countersOf(`${lazy}\n${read}\nawait-flush: { function: a }`)).toMatchObject({ globalRpcits: 1 });
  });

  it("may need a page for a list of its pages, but neither where it is small nor where it is large", () => {
    const pages = (count: number): string =>
      `${strict}\nblock-read: { function: a, block: 3, buffer: p, pages: ${String(count)} }`;
    expect(countersOf(pages(2))).toMatchObject({ mapped: 2, syncMapRpcits: 1 });
    expect(countersOf(pages(4))).toMatchObject({ mapped: { $range: [4, 5] }, syncMapRpcits: { $range: [1, 2] } });
  });

  it("moves blocks to pages and pages to blocks", () => {
    expect(last(`${strict}\n${readBoth}`).memory).toEqual({ "p[1]": "block:a:3", "p[2]": "block:a:4" });
    const write = "block-write: { function: a, block: 9, buffer: q, pages: 2 }";
    expect(last(`${strict}\n${write}`).blocks).toEqual({ "a:9": "fill:q[0]", "a:10": "fill:q[1]" });
    expect(last(read)).toMatchObject({ result: "ENODEV" });
    expect(() => last(`${strict}\nblock-read: { function: a, block: 3, buffer: p, page: 3, pages: 2 }`)).toThrow(
      'Buffer "p" has no 2 pages from page 3 on',
    );
  });
});

describe("a flush", () => {
  it("comes no earlier than a second after the first page waits in an empty queue", () => {
    expect(last(`${lazy}\n${read}\nawait-flush: { function: a }`).values).toEqual({
      millis: { $range: [900, 1_000_000_000] },
    });
  });

  it("is not waited for where it was so often flushed before", () => {
    const twice = `${lazy}\n${read}\nawait-flush: { function: a }\n${read}\nawait-flush: { function: a }`;
    expect(last(twice).values).toEqual({ millis: { $maybe: { $range: [0, 1_000_000_000] } } });
    expect(last(twice.replace(/\}$/u, ", flushes: 2 }")).values).toEqual({
      millis: { $range: [900, 1_000_000_000] },
    });
  });

  it("may come at any time where the probe has left pages in the queue", () => {
    const probed = "drive: { function: a }\ncounters-reset: { function: a }";
    expect(countersOf(`${probed}\n${read}`)).toMatchObject({
      globalRpcits: { $range: [0, 1_000_000_000] },
      syncRpcits: 0,
    });
    expect(last(`${probed}\n${read}\nawait-flush: { function: a }`).values).toMatchObject({
      millis: { $range: [0, 1_000_000_000] },
    });
  });

  it("is not waited for where nothing waits", () => {
    for (const steps of [strict, lazy, `${strict}\n${read}`]) {
      expect(() => last(`${steps}\nawait-flush: { function: a }`), steps).toThrow("it would wait in vain");
    }
    expect(() => last(`${lazy}\n${read}\nawait-flush: { function: a, flushes: 2 }`)).toThrow(ScenarioMistake);
    expect(() => last("await-flush: { function: a }")).toThrow('Function "a" is not in the hands');
  });
});

describe("a default domain", () => {
  const typeOf = (commandLine: string): unknown => last("group: { function: b }", commandLine).values;

  it.each([
    ["", "DMA-FQ"],
    ["iommu.strict=0", "DMA-FQ"],
    ["iommu.strict=1", "DMA"],
    ["iommu.strict=1 iommu.strict=0", "DMA-FQ"],
    ["iommu.passthrough=1", "DMA"],
    ["console=ttysclp0 s390_iommu=strict", "DMA"],
    ["noiommu.strict=1", "DMA-FQ"],
  ])("of a kernel that is told %j is %s", (commandLine, type) => {
    expect(typeOf(commandLine)).toEqual({ group: 1, type, members: ["b"] });
  });

  it("falls back to DMA where the kernel is told to let devices through", () => {
    const auto = "domain-type: { function: a, type: auto }";
    expect(last(auto, "iommu.passthrough=1").values).toEqual({ type: "DMA", fellBack: true });
    expect(last(auto).values).toEqual({ type: "DMA-FQ", fellBack: false });
  });

  it("is another one only where its type is another", () => {
    const emptied = (type: string): unknown =>
      (last(`domain-type: { function: w, type: ${type} }`).devices as Readonly<Record<string, unknown>>)["w"];
    expect(emptied("DMA-FQ")).toMatchObject({ emptied: false });
    expect(emptied("auto")).toMatchObject({ emptied: false });
    expect(emptied("DMA")).toMatchObject({ emptied: true });
  });

  it("does not change under a driver, but for a queue that is added", () => {
    for (const type of ["DMA", "identity", "auto"]) {
      expect(last(`${strict}\ndomain-type: { function: a, type: ${type} }`).result, type).toBe("EPERM");
    }
    expect(last(lazy).result).toBe("OK");
    expect(last(`${strict}\nunbind: { function: a }\ndomain-type: { function: a, type: auto }`).result).toBe("OK");
  });
});

it("gives a group that comes the lowest number that is free", () => {
  const off = (name: string): string => `power: { function: ${name}, on: false }`;
  const on = (name: string): string => `power: { function: ${name}, on: true }`;
  const group = (steps: string): unknown => last(`${steps}\ngroup: { function: b }`).values;
  expect(group([off("a"), off("b"), on("b")].join("\n"))).toMatchObject({ group: 0 });
  expect(group([off("a"), off("b"), on("a"), on("b")].join("\n"))).toMatchObject({ group: 1 });
  expect(last(`${off("b")}\ngroup: { function: b }`).result).toBe("ENOENT");
});

it("has an attach succeed whatever becomes of other functions, and these come back", () => {
  const churn = (rounds: number): string => `
    take-iommufd: { function: a }
    ioas-alloc: { ioas: A }
    churn: { function: a, to: A, beside: b, rounds: ${String(rounds)} }`;
  const { values, messages } = last(churn(2));
  expect(values).toMatchObject({ attach: 0, detach: 0, type: 0, power: 0 });
  expect(messages).toEqual(
    Array(2)
      .fill(["disable", "deconfigure", "configure", "enable"].map((each) => `b ${each}`))
      .flat(),
  );
  expect(() => last(churn(2).replace("beside: b", "beside: a"))).toThrow(ScenarioMistake);
  const outside = "ioas-map: { ioas: A, iova: 0x1000, buffer: p }\n churn:";
  expect(() => last(churn(2).replace("churn:", outside))).toThrow(ScenarioMistake);
  const limited = planOf(`reset-method: { function: b, method: bus }\n${churn(1)}\nsysfs-reset: { function: b }`);
  const reset = predict(limited, new Set(["rescan-loses-slot-reset"])).at(-1);
  expect(reset?.expectation.result, "by a method of its own, as one that was found anew").toBe("OK");
});
