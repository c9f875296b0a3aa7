import { expect, it } from "vitest";
import { exampleObservation } from "../compare/compare.ts";
import { predict } from "../model/model.ts";
import { planOf } from "../testing/plan-of.ts";
import type { TraceStep } from "../trace/trace.ts";
import { explainPath, generalisePath } from "./explain-path.ts";
import { findEvents } from "./find-events.ts";

/** What happens in the last of some steps, by lane. */
function lastEvents(steps: string, change: Partial<TraceStep["observation"]> = {}): string[] {
  const plan = planOf(steps);
  const performed = predict(plan).map(({ expectation }, index): TraceStep => ({
    ...{ step: index + 1, note: null, operation: plan.steps[index]!.operation },
    observation: exampleObservation(expectation),
    evidence: { micros: 1, log: ["a line"], raw: null },
  }));
  const last = performed.at(-1)!;
  const changed = { ...last, observation: { ...last.observation, ...change } };
  return findEvents(changed, performed.at(-2) ?? null).map(({ lane, text, tone }) => `${lane} ${tone}: ${text}`);
}

const attached = `
  take-iommufd: { function: a }
  ioas-alloc: { ioas: A }
  attach: { function: a, to: A }`;

it.each([
  ["a driver", "bind: { function: a }", "host plain: a: driver vfio-pci"],
  ["a domain", attached, "zpci plain: a: in a domain"],
  ["RPCITs", `${attached}\nioas-map: { ioas: A, iova: base, buffer: p }`, "zpci plain: a: 1 RPCIT for a map"],
  ["mapped pages", `${attached}\nioas-map: { ioas: A, iova: base, buffer: p }`, "zpci plain: a: 4 pages mapped"],
  ["the end of a domain", `${attached}\ndetach: { function: a }`, "zpci plain: a: no domain"],
  ["the console", "bind: { function: a }", "console plain: a line"],
])("tells of %s", (_, steps, event) => {
  expect(lastEvents(steps)).toContain(event);
});

it("marks what is bad, and has memory and media in the function's lane", () => {
  const events = lastEvents("bind: { function: a }", {
    ...{ alarms: ["WARNING"], messages: ["a enable", "a error 0x4"], memory: { "p[0]": "block:a:1" } },
    ...{ blocks: { "a:3": "zeros" }, values: { completion: "none" } },
  });
  expect(events).toEqual([
    ...["host plain: a: driver vfio-pci", "host bad: WARNING", "zpci plain: a enable", "zpci bad: a error 0x4"],
    ...["function plain: completion: none", "function plain: p[0] ← block:a:1", "function plain: medium a:3 ← zeros"],
    "console plain: a line",
  ]);
});

it("explains every place of an observation, and tells the same places of others by one name", () => {
  for (const path of [
    "result",
    "values.x",
    "functions.a.driver",
    "functions.b.counters.syncRpcits",
    "messages",
    "memory.p[0]",
    "blocks.a:1",
    "devices.w.reach",
    "alarms",
  ]) {
    expect(explainPath(path)).not.toBe("What was observed");
  }
  expect(generalisePath("functions.abc.counters.mapped")).toBe("functions.*.counters.mapped");
  expect(generalisePath("memory.q[3]")).toBe("memory.*");
  expect(generalisePath("alarms[0]")).toBe("alarms[*]");
});
