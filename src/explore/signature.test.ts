import { describe, expect, it } from "vitest";
import { mostTelling, normaliseText, signatureOf } from "./signature.ts";

const operation = { op: "ioas-map" } as const;

describe("signatureOf", () => {
  it("is the same whichever function, page and address it is about", () => {
    const of = (fn: string, page: string, observed: number): string[] => [
      signatureOf(operation, [{ path: `functions.${fn}.counters.mapped`, expected: 1, observed }]),
      signatureOf(operation, [{ path: `memory.${page}`, expected: "fill:p[0]", observed: `block:${fn}:1` }]),
      signatureOf(operation, [{ path: `devices.${fn}.reach[${String(observed)}]`, expected: "x", observed: "y" }]),
    ];
    expect(of("a", "p[0]", 2)).toEqual(of("b", "q[3]", 7));
    expect(of("a", "p[0]", 2)).toEqual([
      "ioas-map functions.*.counters.mapped",
      "ioas-map memory.*",
      "ioas-map devices.*.reach[]",
    ]);
  });

  it("tells results apart, and operations", () => {
    const of = (observed: string): string => signatureOf(operation, [{ path: "result", expected: "OK", observed }]);
    expect(of("EIO")).toBe('ioas-map result "OK" is "EIO"');
    expect(of("EINVAL")).not.toBe(of("EIO"));
    expect(signatureOf({ op: "ioas-copy" }, [{ path: "result", expected: "OK", observed: "EIO" }])).not.toBe(
      of("EIO"),
    );
  });

  it("goes by what tells most", () => {
    const counter = { path: "functions.a.counters.mapped", expected: 1, observed: 2 };
    const result = { path: "result", expected: "OK", observed: "EIO" };
    expect(mostTelling([counter, result])).toBe(result);
    expect(signatureOf(operation, [counter, result])).toBe(signatureOf(operation, [result]));
  });

  it("says messages by their words, without names and how often", () => {
    const of = (observed: string[]): string => signatureOf(operation, [{ path: "messages", expected: [], observed }]);
    expect(of(["a error 0x4", "a error 0x4"])).toBe("ioas-map messages says error 0x4, not nothing");
    expect(of(["b error 0x4"])).toBe(of(["a error 0x4"]));
    expect(of(["a disable"])).not.toBe(of(["a error 0x4"]));
  });
});

describe("normaliseText", () => {
  it("leaves out what differs from one time to the next", () => {
    const one =
      "[   12.345678] WARNING: CPU: 0 PID: 123 at drivers/iommu/s390-iommu.c:345 s390_domain_free+0x1a/0x40";
    const other =
      "[    1.000001] WARNING: CPU: 1 PID: 77 at drivers/iommu/s390-iommu.c:349 s390_domain_free+0x22/0x48";
    expect(normaliseText(one)).toBe(normaliseText(other));
    expect(normaliseText(one)).toContain("s390_domain_free");
  });
});
