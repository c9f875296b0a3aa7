import { expect, it } from "vitest";
import { planOf } from "../testing/plan-of.ts";
import { predict } from "./model.ts";

it.each([
  "attach: { function: a, to: A }",
  "replace: { function: a, to: A }",
  "detach: { function: a }",
  "pasid-attach: { function: a, pasid: 1, to: A }",
  "pasid-detach: { function: a, pasid: 1 }",
  "odd-call: { function: a, call: attach, how: long, to: A }",
  "bind-iommufd: { function: a }",
  "hot-reset: { function: a }",
])("has no word for calls without a descriptor: %s", (step) => {
  const plan = planOf(`
    bind: { function: a }
    ioas-alloc: { ioas: A }
    ${step}`);
  expect(() => predict(plan)).toThrow('Function "a" is not open');
});

// drivers/vfio/vfio_main.c, vfio_device_fops_unl_ioctl: ioctls of a character device are none of one that came from its group.
it.each([
  ["attach: { function: a, to: A }", "ENOTTY"],
  ["replace: { function: a, to: A }", "ENOTTY"],
  ["detach: { function: a }", "ENOTTY"],
  ["pasid-attach: { function: a, pasid: 1, to: A }", "ENOTTY"],
  ["pasid-detach: { function: a, pasid: 1 }", "ENOTTY"],
  ["bind-iommufd: { function: a }", "EINVAL"],
])("refuses %s of a device that was opened through its group", (step, errno) => {
  const plan = planOf(`
    take-type1: { function: a, container: C }
    ioas-alloc: { ioas: A }
    ${step}`);
  expect(predict(plan).at(-1)?.expectation.result).toBe(errno);
});

// drivers/vfio/device_cdev.c, vfio_df_ioctl_bind_iommufd: vfio_device_block_group comes behind the tests of the argument alone.
it.each([
  ["other", "EBUSY"],
  ["closed", "EBUSY"],
  ["token", "EBUSY"],
  ["negative", "EINVAL"],
  ["long", "E2BIG"],
])("refuses a bind that is odd as %s beside an open group with %s", (how, errno) => {
  const plan = planOf(`
    bind: { function: a }
    open: { function: a }
    group-open: { function: a }
    odd-call: { function: a, call: bind-iommufd, how: ${how} }`);
  expect(predict(plan).at(-1)?.expectation.result).toBe(errno);
});

it("has no word for commands whose data an NVMe would look for among its own registers", () => {
  const used = `
    take-iommufd: { function: a }
    ioas-alloc: { ioas: A }
    attach: { function: a, to: A }
    start-nvme: { function: a, ioas: A }
    dma-write: { function: a, block: 1, iova: `;
  expect(() => predict(planOf(`${used}"0x3000" }`))).toThrow('"a" has its own registers at 0x3000');
  expect(predict(planOf(`${used}"0x4000" }`)).at(-1)?.expectation).toMatchObject({ messages: ["a error 0x2"] });
});

it("has no word for groups that are passed without being open", () => {
  const plan = planOf(`
    take-iommufd: { function: a }
    hot-reset: { function: a, groups: [b] }`);
  expect(() => predict(plan)).toThrow('The group of "b" is not open');
});

it("has no word for a virtual IOMMU with the name of an earlier one whose queue is still open", () => {
  const make = `
    ioas-alloc: { ioas: A }
    mock-create: { mock: m, to: A }
    mock-hwpt-alloc: { hwpt: M, mock: m, parent: A, flags: [nest-parent] }
    viommu-alloc: { viommu: v, mock: m, parent: M }`;
  const queue = "event-queue-alloc: { queue: e, viommu: v, depth: 3 }";
  expect(predict(planOf(`${make}\n${queue}`)).at(-1)?.expectation.result).toBe("OK");
  expect(() => predict(planOf(`${make}\n${queue}\niommufd-close: {}${make}`))).toThrow(
    'An earlier "v" has a queue still',
  );
});
