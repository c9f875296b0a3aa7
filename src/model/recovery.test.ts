import { expect, it } from "vitest";
import { witnessPlanOf } from "../testing/plan-of.ts";
import { predict } from "./model.ts";
import type { QuirkName } from "./quirks.ts";

const flush = "flush: { function: a, iova: base+0x10000, length: 0x1000 }";
const attachAgain = witnessPlanOf(`
  - take-iommufd: { function: a }
  - ioas-alloc: { ioas: A }
  - attach: { function: a, to: A }
  - ioas-map: { ioas: A, iova: base+0x10000, buffer: p, pages: 1 }
  - detach: { function: a }
  - attach: { function: a, to: A }
    during:
      - { at: before-register, ${flush} }
      - { at: after-register, ${flush} }`);
const quirks: ReadonlySet<QuirkName> = new Set(["flush-without-table-is-an-error"]);

it.each([
  ["before the registration", 1, { result: "OK", values: { during: ["refused", "success"] } }],
  ["before the table is filled", 2, { result: "OK", values: { during: ["refused", "refused"] } }],
  ["too late for that", 0, { result: "EIO", values: { $has: { during: ["refused", "refused"] } } }],
])("comes in the middle of an attach %s", (_, way, expected) => {
  const script = [...attachAgain.steps.slice(1).map(() => []), [way]];
  const last = predict(attachAgain, quirks, script).at(-1);
  expect(last?.expectation).toMatchObject({ ...expected, messages: ["a error 0x1"] });
});
