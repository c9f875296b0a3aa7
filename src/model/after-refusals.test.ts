/** What comes after instructions that were refused. */
import { expect, it } from "vitest";
import { planOf } from "../testing/plan-of.ts";
import { predict } from "./model.ts";

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
