import { expect, it } from "vitest";
import { planOf } from "../testing/plan-of.ts";
import { predict } from "./model.ts";

const ready = `
  take-iommufd: { function: a }
  ioas-alloc: { ioas: A }
  attach: { function: a, to: A }
  start-nvme: { function: a, ioas: A }`;

it.each(["dma-read", "dma-write"])("has no word for what a queue holds: %s", (op) => {
  const plan = planOf(`${ready}
    ${op}: { function: a, iova: base+0x1000, block: 1 }`);
  expect(() => predict(plan)).toThrow(
    `Step 8 of "under-test" (${op}): What "a.queues[1]" holds is its driver's own affair`,
  );
});
