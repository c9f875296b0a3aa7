import { expect, it } from "vitest";
import { planOf } from "../testing/plan-of.ts";
import { predict } from "./model.ts";
import { quirkNames } from "./quirks.ts";

const start = `
  ioas-alloc: { ioas: A }
  mock-create: { mock: m, to: A }
  fault-queue-alloc: { queue: Q }
  mock-hwpt-alloc: { hwpt: F, mock: m, parent: A, queue: Q }
  mock-hwpt-alloc: { hwpt: G, mock: m, parent: A, queue: Q }
  mock-replace: { mock: m, to: F }
`;
const expectationsOf = (steps: string): { result: unknown; values: unknown }[] =>
  predict(planOf(start + steps))
    .slice(6)
    .map(({ expectation: { result, values } }) => ({ result, values }));
const resultsOf = (steps: string): unknown[] => expectationsOf(steps).map(({ result }) => result);

it("answers for a replaced mock, from fault-capable to fault-capable as well, and for no other", () => {
  const raised = `
    mock-create: { mock: n, to: F }
    fault-raise: { mock: m, iova: 0x1000 }
    fault-raise: { mock: n, iova: 0x2000 }
    fault-read: { queue: Q, room: 80 }
    fault-raise: { mock: m, iova: 0x3000 }
    mock-replace: { mock: m, to: G }
    queue-poll: { queue: Q }
    fault-respond: { queue: Q, responses: [{ cookie: 1, code: 0 }] }
    fault-respond: { queue: Q, responses: [{ cookie: 2, code: 0 }] }
  `;
  expect(expectationsOf(raised).slice(6)).toEqual([
    { result: "OK", values: { readable: false, writable: true, woken: false } },
    { result: "EINVAL", values: { $any: true } },
    { result: "OK", values: { bytes: 8 } },
  ]);
});

it("answers for nobody where the replace fails or changes nothing", () => {
  const kept = `
    fault-raise: { mock: m, iova: 0x1000 }
    fault-read: { queue: Q, room: 40 }
    mock-replace: { mock: m, to: F }
    mock-replace: { mock: m, to: Q }
    fault-respond: { queue: Q, responses: [{ cookie: 1, code: 1 }] }
  `;
  expect(resultsOf(kept)).toEqual(["OK", "OK", "OK", "EINVAL", "OK"]);
});

it("gives the lowest free cookie, and takes it back where the page request cannot be written", () => {
  const steps = `
    fault-raise: { mock: m, iova: 0x1000, group: 1 }
    fault-raise: { mock: m, iova: 0x2000, group: 2 }
    fault-read: { queue: Q, room: 80, writable: 40 }
    fault-respond: { queue: Q, responses: [{ cookie: 1, code: 0 }] }
    fault-read: { queue: Q, room: 40 }
  `;
  const fault = { device: "m", access: ["read"], last: true, pasid: 0, rest: 0 };
  expect(expectationsOf(steps).at(-1)?.values).toEqual({
    faults: [{ ...fault, group: 2, cookie: 1, iova: "0x2000" }],
    bytes: 40,
  });
});

it("counts an event that was lost, once, and lets the next one take its place", () => {
  const steps = `
    mock-hwpt-alloc: { hwpt: S, mock: m, parent: A, flags: [nest-parent] }
    viommu-alloc: { viommu: V, mock: m, parent: S }
    mock-hwpt-alloc: { hwpt: N, mock: m, parent: V, data: true }
    vdevice-alloc: { vdevice: D, viommu: V, mock: m, number: 9 }
    mock-replace: { mock: m, to: N }
    event-queue-alloc: { queue: E, viommu: V, depth: 1 }
    event-raise: { mock: m }
    event-raise: { mock: m }
    event-raise: { mock: m }
    event-read: { queue: E, room: 12 }
    event-raise: { mock: m }
    event-read: { queue: E, room: 64 }
  `;
  const values = expectationsOf(steps).map((each) => each.values);
  expect(values.at(9)).toEqual({ events: [{ sequence: 0, lost: false, number: 9 }], bytes: 12 });
  expect(values.at(11)).toEqual({ events: [{ sequence: 3, lost: false, number: 9 }], bytes: 12 });
});

it("leaves a HWPT of another driver alone, and with the quirk nothing certain after a replace onto one", () => {
  const planFor = (name: string): ReturnType<typeof planOf> =>
    planOf(`
      take-iommufd: { function: ${name} }
      ioas-alloc: { ioas: A }
      attach: { function: ${name}, to: A }
      ioas-alloc: { ioas: M }
      mock-create: { mock: m, to: M }
      replace: { function: ${name}, to: M }
      look: {}
    `);
  const plan = planFor("a");
  const contract = predict(plan);
  expect(contract.at(-2)?.expectation).toMatchObject({ result: "OK", values: { pt: "auto:3" }, alarms: [] });
  const [replaced, later] = predict(plan, new Set(["replace-across-drivers"])).slice(-2);
  // Its first BAR is where the mock has a lock.
  expect(replaced?.expectation).toMatchObject({ result: { $oneOf: ["panic", "hang"] }, alarms: { $any: true } });
  const without = predict(planFor("r"), new Set(["replace-across-drivers"])).at(-2);
  expect(without?.expectation).toMatchObject({ result: "OK", values: { pt: "auto:2" }, alarms: { $any: true } });
  expect(later?.expectation.functions).toEqual({ $any: true });
  expect(predict(plan, new Set(quirkNames))).toHaveLength(plan.steps.length);
});

it("tries an older HWPT of a mock before its own in a replace onto the IOAS that a function is attached to", () => {
  const plan = planOf(`
    take-iommufd: { function: a }
    ioas-alloc: { ioas: M }
    mock-create: { mock: m, to: M }
    attach: { function: a, to: M }
    replace: { function: a, to: M }
  `);
  expect(predict(plan).at(-1)?.expectation).toMatchObject({ result: "OK", values: { pt: "auto:2" } });
  const [attached, again] = predict(plan, new Set(["replace-across-drivers"])).slice(-2);
  expect(attached?.expectation.result).toBe("OK");
  expect(again?.expectation.result).toEqual({ $oneOf: ["panic", "hang"] });
});

it("knows nothing of groups while something holds an iommufd that was closed, and mocks in it", () => {
  const closed = `
    iommufd-close: {}
    group: { function: b }`;
  expect(() => resultsOf(closed)).toThrow("groups that nobody can name");
  expect(resultsOf(`queue-close: { queue: Q }\n${closed}`).at(-1)).toBe("OK");
  expect(resultsOf(closed.replace("group:", "queue-close: { queue: Q }\n    group:")).at(-1)).toBe("OK");
});

it("has no name for the device of a page request once its iommufd was closed", () => {
  const plan = planOf(`
    ioas-alloc: { ioas: M }
    mock-create: { mock: m, to: M }
    fault-queue-alloc: { queue: Q }
    mock-hwpt-alloc: { hwpt: H, mock: m, parent: M, queue: Q }
    mock-replace: { mock: m, to: H }
    fault-raise: { mock: m, iova: 0x2000 }
    iommufd-close: {}
    fault-read: { queue: Q, room: 40 }
  `);
  expect(predict(plan).at(-1)?.expectation.values).toMatchObject({ faults: [{ device: { $match: "^id [0-9]+$" } }] });
});

it("says nothing of pinned pages while an open queue holds an iommufd that was closed", () => {
  const pinnedAfter = (steps: string): unknown => {
    const all = `take-iommufd: { function: a }\nfault-queue-alloc: { queue: Q }\nclose: { function: a }\n${steps}`;
    return predict(planOf(`${all}\niommufd-close: {}\npinned: {}`)).at(-1)?.expectation.values;
  };
  expect(pinnedAfter("")).toEqual({ $any: true });
  expect(pinnedAfter("queue-close: { queue: Q }")).toEqual({ pages: 0, locked: 0, charged: 0 });
  const counted = "iommufd-close: {}\npage-pins: { buffer: p, pins: 0 }";
  expect(() => pinnedAfter(counted)).toThrow("may have pages pinned still");
  expect(pinnedAfter(`queue-close: { queue: Q }\n${counted}`)).toEqual({ pages: 0, locked: 0, charged: 0 });
});
