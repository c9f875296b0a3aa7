import { expect, it } from "vitest";
import { planOf } from "../testing/plan-of.ts";
import { predict } from "./model.ts";
import type { QuirkName } from "./quirks.ts";

const start = `
  ioas-alloc: { ioas: A }
  ioas-map: { ioas: A, iova: 0x10000, buffer: p, pages: 2 }
  access-create: { access: x, ioas: A }
  access-pin: { access: x, iova: 0x11000, length: 0x1000 }
`;
const resultsOf = (steps: string, quirks: readonly QuirkName[] = []): unknown[] =>
  predict(planOf(start + steps), new Set(quirks))
    .slice(4)
    .map(({ expectation }) => expectation.result);

it("counts a page once for each map that somebody has it of, whatever copies there are", () => {
  const twice = `
    ioas-alloc: { ioas: B }
    ioas-copy: { from: A, source: 0x11000, to: B, iova: 0x50000, length: 0x1000 }
    access-create: { access: y, ioas: B }
    access-pin: { access: y, iova: 0x50000, length: 0x1000 }
    page-pins: { buffer: p, page: 1, pins: 1 }
    page-pins: { buffer: p, page: 0, pins: 1 }
    ioas-map: { ioas: B, iova: 0x60000, buffer: p }
    access-pin: { access: y, iova: 0x61000, length: 0x1000 }
    page-pins: { buffer: p, page: 1, pins: 2 }
  `;
  expect(resultsOf(twice)).toEqual(["OK", "OK", "OK", "OK", "OK", "EIO", "OK", "OK", "OK"]);
});

it("has nothing pinned any more after an unmap, a replace or the end of the access", () => {
  const isGone = ["page-pins: { buffer: p, pages: 2, pins: 0 }", "access-unpin: { access: x, pin: 0 }"].join("\n");
  expect(resultsOf(`ioas-unmap: { ioas: A, iova: 0x10000, length: 0x2000 }\n${isGone}`)).toEqual([
    "OK",
    "OK",
    "ENOENT",
  ]);
  const moved = "ioas-alloc: { ioas: B }\naccess-replace: { access: x, to: B }\n";
  expect(resultsOf(moved + isGone)).toEqual(["OK", "OK", "OK", "ENOENT"]);
  expect(resultsOf(`access-close: { access: x }\n${isGone}`)).toEqual(["OK", "OK", "EBADFD"]);
});

it("writes what lies before a hole, and hands nothing out of a read that meets one", () => {
  const steps = predict(
    planOf(`${start}
      access-write: { access: x, iova: 0x11000, length: 0x2000, buffer: q }
      access-read: { access: x, iova: 0x11000, length: 0x2000, buffer: q, page: 2 }
    `),
  ).slice(4);
  expect(steps.map(({ expectation: { result, memory } }) => ({ result, memory }))).toEqual([
    { result: "ENOENT", memory: { "p[1]": "fill:q[0]" } },
    { result: "ENOENT", memory: {} },
  ]);
});

it("refuses PASID 0 of a function; with the quirk it is the function, which VFIO then does not know to be attached", () => {
  const zero = `
    bind: { function: r }
    open: { function: r }
    bind-iommufd: { function: r }
    pasid-attach: { function: r, pasid: 0, to: A }
    attach: { function: r, to: A }
    detach: { function: r }
    pasid-attach: { function: r, pasid: 0, to: A }
    pasid-detach: { function: r, pasid: 0 }
    pasid-attach: { function: r, pasid: 1, to: A }
  `;
  const unmapped = `ioas-unmap: { ioas: A, iova: 0x10000, length: 0x2000 }\n${zero}`;
  expect(resultsOf(unmapped).slice(4)).toEqual(["EINVAL", "OK", "OK", "EINVAL", "OK", "EINVAL"]);
  const quirk = ["pasid-zero-attaches-device"] as const;
  expect(resultsOf(unmapped, quirk).slice(4)).toEqual(["OK", "EBUSY", "OK", "OK", "OK", "EINVAL"]);
});

it("leaves attached what was attached where a replace cannot be answered; with the quirk nothing is", () => {
  const replaced = `
    access-close: { access: x }
    take-iommufd: { function: r }
    ioas-alloc: { ioas: B }
    ioas-alloc: { ioas: C }
    odd-call: { function: r, call: attach, how: unwritable, to: C }
    destroy: { object: C }
    attach: { function: r, to: B }
    odd-call: { function: r, call: attach, how: unwritable, to: A }
    destroy: { object: B }
  `;
  const unmapped = `ioas-unmap: { ioas: A, iova: 0x10000, length: 0x2000 }\n${replaced}`;
  expect(resultsOf(unmapped).slice(7)).toEqual(["EFAULT", "OK", "OK", "EFAULT", "EBUSY"]);
  expect(resultsOf(unmapped, ["unwritable-answer-detaches"]).slice(7)).toEqual([
    "EFAULT",
    "OK",
    "OK",
    "EFAULT",
    "OK",
  ]);
});
