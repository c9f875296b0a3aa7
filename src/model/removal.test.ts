import { describe, expect, it } from "vitest";
import { planOf } from "../testing/plan-of.ts";
import { predict, type Step } from "./model.ts";
import { ScenarioMistake } from "./scenario-mistake.ts";

const held = `
  take-iommufd: { function: a }
  ioas-alloc: { ioas: A }
  attach: { function: a, to: A }
  start-nvme: { function: a, ioas: A }
  ioas-map: { ioas: A, iova: base+0x10000, buffer: p, pages: 1 }
  remove: { function: a }
`;
const stepsOf = (steps: string): Step["expectation"][] =>
  predict(planOf(steps)).map(({ expectation }) => expectation);
const last = (steps: string): Step["expectation"] => stepsOf(steps).at(-1)!;

describe("a function that is removed", () => {
  it("keeps what it has until it is closed, without a driver and without a reset", () => {
    expect(last(held)).toMatchObject({ result: "OK", functions: { a: { driver: null, enabled: true } } });
    const write = `${held} dma-write: { function: a, iova: base+0x10000, block: 1 }`;
    expect(last(write).memory).toEqual({ "p[0]": "block:a:1" });
    expect(last(`${held} reset: { function: a }`).result).toBe("EAGAIN");
    expect(last(`${held} remove: { function: a }`).result).toBe("ENOENT");
  });

  it("is gone when it is closed, attached to nothing, and found by its slot", () => {
    const closed = `${held} close: { function: a }\n`;
    expect(last(closed).functions).toMatchObject({ a: { driver: null, enabled: null, counters: null } });
    expect(last(`${closed} destroy: { object: A }`).result).toBe("OK");
    expect(last(`${closed} bind: { function: a }`).result).toBe("ENOENT");
    const found = `${closed}
      power: { function: a, on: false }
      power: { function: a, on: true }
      bind: { function: a }`;
    expect(last(found)).toMatchObject({ result: "OK", functions: { a: { driver: "vfio-pci", enabled: true } } });
  });

  it("keeps others from the PCI core meanwhile", () => {
    expect(() => stepsOf(`${held} power: { function: r, on: false }`)).toThrow(ScenarioMistake);
    expect(last(`${held} close: { function: a }\n power: { function: r, on: false }`).result).toBe("OK");
  });

  it("leaves its container, whose other groups stay", () => {
    const shared = `
      bind: { function: a }
      bind: { function: r }
      container-open: { container: C }
      group-open: { function: a }
      group-open: { function: r }
      group-set-container: { function: a, container: C }
      group-set-container: { function: r, container: C }
      container-set-iommu: { container: C }
      group-get-device: { function: r }
      remove: { function: a }
      container-map: { container: C, iova: base, buffer: p, pages: 1 }
    `;
    expect(last(shared)).toMatchObject({ result: "OK", functions: { r: { counters: { syncMapRpcits: 1 } } } });
    expect(() => stepsOf(`${shared} group-unset-container: { function: a }`)).toThrow(ScenarioMistake);
    expect(last(`${shared} group-close: { function: a }`).result).toBe("OK");
  });
});
