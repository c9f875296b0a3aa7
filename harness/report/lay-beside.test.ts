import { describe, expect, it } from "vitest";
import { layBeside } from "./lay-beside.ts";

const observation = {
  result: "OK",
  functions: { a: { driver: "vfio-pci", counters: { mapped: 3 } } },
  memory: { "p[0]": "x" },
};

describe("layBeside", () => {
  it("lays every leaf beside the other, and marks what differs", () => {
    const expectation = {
      result: "OK",
      functions: { a: { driver: null, counters: { mapped: { $range: [1, 2] } } } },
      memory: {},
    };
    const differing = new Set(["functions.a.driver", "functions.a.counters.mapped", "memory.p[0]"]);
    expect(layBeside(expectation, observation, differing)).toEqual([
      { path: "result", expected: '"OK"', observed: '"OK"', differs: false },
      { path: "functions.a.driver", expected: "null", observed: '"vfio-pci"', differs: true },
      { path: "functions.a.counters.mapped", expected: "1 to 2", observed: "3", differs: true },
      { path: "memory.p[0]", expected: "nothing", observed: '"x"', differs: true },
    ]);
  });

  it("keeps in one piece what a pattern says in one piece", () => {
    expect(layBeside({ functions: { $any: true } }, { functions: observation.functions }, new Set())).toEqual([
      {
        path: "functions",
        expected: "anything",
        observed: '{"a.driver":"vfio-pci","a.counters.mapped":3}',
        differs: false,
      },
    ]);
  });

  it("says nothing where nothing was observed", () => {
    expect(layBeside({ result: "OK" }, {}, new Set(["result"]))).toEqual([
      { path: "result", expected: '"OK"', observed: "nothing", differs: true },
    ]);
  });
});
