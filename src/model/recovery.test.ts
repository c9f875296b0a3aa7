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

it("comes a second time in a reset, where the device itself is not reset, and not before there is a table", () => {
  const says = ["a reset", "a disable", "a enable"];
  const [error, again] = ["a error 0x4", "a reset-load-store-blocked cc=1 status=18"];
  // Ways: both are handled after the operation, and not said before. The first one's recovery is the second one's, too.
  const messages = (point: string, ...known: readonly QuirkName[]): unknown => {
    const plan = witnessPlanOf(`
  - take-iommufd: { function: a }
  - ioas-alloc: { ioas: A }
  - attach: { function: a, to: A }
  - bus-master: { function: a }
  - reset: { function: a }
    during:
      - { at: before-reset, dma-write: { function: a, iova: base, block: 1 } }
      - { at: ${point}, dma-write: { function: a, iova: base, block: 2 } }`);
    const script = [...plan.steps.slice(1).map(() => []), [0, 0, 3, 0]];
    return predict(plan, new Set(known), script).at(-1)?.expectation.messages;
  };
  expect(messages("after-register", "reset-stops-at-zpci")).toEqual([...says, error, error, again, ...says]);
  expect(messages("after-enable", "reset-stops-at-zpci", "blocked-dma-silent")).toEqual([
    ...says,
    error,
    again,
    ...says,
  ]);
  expect(messages("after-register")).toEqual([...says, error, again, ...says]);
});
