/** What comes after instructions that were refused. */
import { describe, expect, it } from "vitest";
import { planOf, witnessPlanOf } from "../testing/plan-of.ts";
import { predict, type Step } from "./model.ts";
import type { QuirkName } from "./quirks.ts";

// arch/s390/pci/pci_insn.c, __zpci_load: a disabled function answers as little as one in the error state.
it.each(["bus-master: { function: w }", "nvme-enable: { function: a, iova: base+0x200000 }"])(
  "has configuration space out of reach of %s while a function is disabled",
  (step) => {
    const name = step.startsWith("nvme") ? "a" : "w";
    const plan = planOf(`
      take-iommufd: { function: ${name} }
      ioas-alloc: { ioas: A }
      attach: { function: ${name}, to: A }
      { hot-reset: { function: ${name} }, answer: { instruction: clp, command: enable, response: "0x010a" } }
      ${step}`);
    const quirks = new Set(["reset-stops-at-zpci" as const]);
    expect(
      predict(plan, quirks)
        .slice(-2)
        .map(({ expectation }) => expectation.result),
    ).toEqual(["EIO", "ENODEV"]);
  },
);

/** An open of a function by its group whose reset, which registers its table, is answered so. */
const openAnswered = (answer: string): string =>
  `bind: { function: a }
   container-open: { container: C }
   group-open: { function: a }
   group-set-container: { function: a, container: C }
   container-set-iommu: { container: C }
   reset-method: { function: a, method: bus }
   { group-get-device: { function: a }, answer: { instruction: mpcifc, control: register-ioat, ${answer} } }`;

// arch/s390/pci/pci.c, zpci_cfg_load: -ENODEV of a function that is not enabled; pci_read told it as it was before 7.0.
it.each(["6.1.176", "6.12.107", "7.2"])("opens no function on Linux %s that its reset leaves disabled", (version) => {
  const plan = planOf(openAnswered("cc: 1, status: 16"), {
    kernel: { version, digest: "none", options: ["*"], commandLine: "", patches: [] },
  });
  expect(predict(plan).at(-1)?.expectation.result).toBe("ENODEV");
});

it("has a map that ends above the aperture taken back for each function, which may raise another event or keep the page", () => {
  const plan = witnessPlanOf(`
  - take-iommufd: { function: a }
  - take-iommufd: { function: b }
  - ioas-alloc: { ioas: A }
  - attach: { function: a, to: A }
  - attach: { function: b, to: A }
  - ioas-map: { ioas: A, iova: last-0xfff, buffer: p, pages: 2 }`);
  const ends = (...ways: readonly number[]): Step["expectation"] => {
    const quirks = new Set<QuirkName>(["aperture-top-offered", "flush-lost-in-error-state", "shadow-by-rpcit"]);
    return predict(plan, quirks, [...plan.steps.slice(1).map(() => []), ways]).at(-1)!.expectation;
  };
  const events = ["b error 0x2", "a error 0x2"];
  expect(ends()).toMatchObject({ result: "EIO", messages: events });
  expect(ends(1, 1)).toMatchObject({ result: "EIO", messages: [...events, ...events] });
  const reaches = (name: string, way: readonly number[]): unknown =>
    (ends(...way).devices as Readonly<Record<string, { readonly reach: unknown }>>)[name]?.reach;
  expect(reaches("b", [0, 0, 0, 0])).toEqual([]);
  expect(reaches("b", [0, 0, 1, 0])).toEqual(["0x11ffff000+0x1000 rw"]);
  expect(reaches("a", [0, 0, 0, 1])).toEqual(["0x11ffff000+0x1000 rw"]);
});

it("has registers in reach of whoever opens a function after that, on Linux when it was reset once more", () => {
  const plan = planOf(
    `${openAnswered("cc: 3")}
     group-get-device: { function: a }
     container-map: { container: C, iova: base, buffer: a.queues }
     nvme-enable: { function: a, iova: base }
     reset: { function: a }
     nvme-enable: { function: a, iova: base }`,
  );
  const ends = (...quirks: readonly QuirkName[]): unknown =>
    predict(plan, new Set(quirks)).map(({ expectation }) => expectation.result);
  const opened = [...Array<string>(6).fill("OK"), "ENODEV", "OK", "OK"];
  expect(ends()).toEqual([...opened, "OK", "OK", "OK"]);
  expect(ends("open-leaves-registers-out-of-reach")).toEqual([...opened, "EIO", "OK", "OK"]);
});

it("has no word for a second flush of a function whose table was refused: its event may be handled before, or after", () => {
  // The page is mapped, and taken back.
  const plan = planOf(`
    take-iommufd: { function: a }
    ioas-alloc: { ioas: A }
    ioas-map: { ioas: A, iova: base, buffer: p, pages: 1 }
    { attach: { function: a, to: A }, answer: { instruction: mpcifc, control: register-ioat, cc: 3 } }`);
  expect(() => predict(plan, new Set(["flush-without-table-is-an-error"]))).toThrow("A second flush without a table");
  expect(predict(plan).at(-1)?.expectation.result).toBe("EIO");
});

const attached = `
  - take-iommufd: { function: a }
  - ioas-alloc: { ioas: A }
  - attach: { function: a, to: A }`;
const disabled = `
  - reset: { function: a }
    answer: { instruction: clp, command: enable, cc: 3 }`;
const flush = "flush: { function: a, iova: base, length: 0x1000 }";

it.each([
  ["refused, which is an error", "detach", "unregister-ioat, cc: 1, status: 4", "EIO"],
  ["of a function that is gone, which is none (reg_ioat_propagate_error)", "reset", "register-ioat, cc: 3", "OK"],
])("has a function join no table whose registration is %s", (_, before, answer, result) => {
  const plan = witnessPlanOf(`${attached}
  - ${before}: { function: a }
    answer: { instruction: mpcifc, control: ${answer} }
  - detach: { function: a }
  - attach: { function: a, to: A }
    during: [{ at: after-register, ${flush} }]`);
  const last = predict(plan, new Set(["refused-unregister-keeps-table"])).at(-1)?.expectation;
  expect(last?.result).toBe(result);
  expect(JSON.stringify(last?.values)).toContain('"during":["not reached"]');
});

it("has nothing to disable in a reset of a function that an earlier one left disabled", () => {
  const points = ["before-disable", "before-enable"].map((at) => {
    const plan = witnessPlanOf(`${attached}${disabled}
  - reset: { function: a }
    during: [{ at: ${at}, ${flush} }]`);
    return predict(plan).at(-1)?.expectation.values;
  });
  expect(points).toEqual([{ during: ["not reached"] }, { during: ["refused"] }]);
});

it("takes no table from a function that got none", () => {
  const plan = witnessPlanOf(`${attached}
  - ioas-alloc: { ioas: B }
  - attach: { function: a, to: B }
    answer: { instruction: mpcifc, control: register-ioat, cc: 1, status: 40 }
  - reset: { function: a }
    answer: { instruction: mpcifc, control: register-ioat, cc: 3 }`);
  expect(predict(plan).at(-1)?.expectation.devices).toMatchObject({ a: { emptied: false } });
});

it("unregisters a table that was left registered when the kernel next tries to, whatever it takes for registered", () => {
  const plan = planOf(`
    take-iommufd: { function: a }
    ioas-alloc: { ioas: A }
    attach: { function: a, to: A }
    { detach: { function: a }, answer: { instruction: mpcifc, control: unregister-ioat, cc: 3 } }
    { close: { function: a }, answer: { instruction: mpcifc, control: register-ioat, cc: 3 } }
    take-iommufd: { function: a }
    attach: { function: a, to: A }`);
  const taken = predict(plan, new Set(["refused-unregister-keeps-table"])).slice(-2);
  expect(taken.map(({ expectation }) => [expectation.result, expectation.messages])).toEqual([
    ["OK", []],
    ["OK", []],
  ]);
});

it("has no word for flushes of a function that has a table registered which the kernel freed", () => {
  const plan = witnessPlanOf(`${attached}
  - detach: { function: a }
    answer: { instruction: mpcifc, control: unregister-ioat, cc: 3 }
  - attach: { function: a, to: A }
    answer: { instruction: mpcifc, control: register-ioat, cc: 3, done: true }
  - ioas-map: { ioas: A, iova: base, buffer: p, pages: 1 }`);
  expect(() => predict(plan, new Set(["refused-unregister-keeps-table"]))).toThrow("another table registered");
  expect(predict(plan).at(-1)?.expectation.result).toBe("OK");
});

const withoutTable = new Set(["flush-without-table-is-an-error" as const]);
const detachWith = (flushed: string): string => `
  - detach: { function: b }
    during: [{ at: after-unregister, ${flushed} }]`;
const attachedOther = attached.replaceAll("function: a", "function: b").replaceAll(": A", ": B");

it("makes no error event of another thread's flush of a function that a reset left disabled", () => {
  const plan = witnessPlanOf(`${attached}${disabled}${attachedOther}${detachWith(flush)}`);
  const last = predict(plan, withoutTable).at(-1)?.expectation;
  expect(last).toMatchObject({ values: { during: ["refused"] }, messages: [] });
});

it.each([
  ["base-0x2000", "0x1000", "refused", ["a error 0x2"]],
  ["base-0x1000", "0x2000", "success", []],
  ["last+0x1", "0x1000", "refused", ["a error 0x2"]],
])(
  "makes an error event of a flush outside the aperture, on either side: %s, %s",
  (iova, length, result, messages) => {
    const other = `flush: { function: a, iova: ${iova}, length: ${length} }`;
    const last = predict(witnessPlanOf(attached + attachedOther + detachWith(other))).at(-1)?.expectation;
    expect(last).toMatchObject({ values: { during: [result] }, messages });
  },
);

it("has no word for a flush that ends where the aperture begins: QEMU takes that for one in it", () => {
  const other = "flush: { function: a, iova: base-0x2000, length: 0x2000 }";
  expect(() => predict(witnessPlanOf(attached + attachedOther + detachWith(other)))).toThrow("ends at 0x100000000");
});

describe("an attach that fails half-way", () => {
  const filled = `
  - take-iommufd: { function: a }
  - ioas-alloc: { ioas: A }
  - ioas-map: { ioas: A, iova: base+0x7000, buffer: p, pages: 1 }
  - ioas-map: { ioas: A, iova: base+0x3000, buffer: q, pages: 1 }`;
  const answeredOf = (more: string, from: number): unknown => {
    const plan = witnessPlanOf(`${filled}${more}
  - attach: { function: a, to: A }
    answer: { instruction: rpcit, cc: 1, status: 40, times: 100, from: ${String(from)}, done: true }`);
    const { result, values } = predict(plan).at(-1)!.expectation;
    return [result, values];
  };

  it("unmaps what it had mapped, each with a flush, before the function leaves", () => {
    // Mapped, refused, taken back; and the one before it.
    expect(answeredOf("", 1)).toEqual(["EIO", { $has: { answered: [2] } }]);
    expect(answeredOf("", 2)).toEqual(["EIO", { $has: { answered: [3] } }]);
    const third = "\n  - ioas-map: { ioas: A, iova: base+0x5000, buffer: p, page: 1, pages: 1 }";
    expect(answeredOf(third, 3)).toEqual(["EIO", { $has: { answered: [4] } }]);
  });
});
