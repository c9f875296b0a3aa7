import { expect, it } from "vitest";
import type { OperationName } from "../../src/operation/operation.ts";
import type { Value } from "../../src/trace/observation.ts";
import { parseInjection, spellInjection } from "./fail-nth-record.ts";
import { parseFailureStack } from "./failure-stack.ts";
import { explainDifferences, readLosses } from "./losses.ts";

it("has losses that are named once, each with its sources", async () => {
  const losses = await readLosses();
  expect(new Set(losses.map(({ name }) => name)).size).toBe(losses.length);
});

it("explains a missing file of statistics by who could not make it, and by nobody else", async () => {
  const losses = await readLosses();
  const differences = [{ path: "functions.a.counters", expected: {}, observed: null }];
  const explain = (name: string): string | undefined =>
    explainDifferences({ operation: "look", differences }, [["kstrdup", name]], losses)?.name;
  expect(explain("zpci_debug_init_device")).toBe("statistics-file");
  expect(explain("iommufd_ioas_map")).toBeUndefined();
  const more = [...differences, { path: "memory.p[0]", expected: "x", observed: "y" }];
  expect(
    explainDifferences({ operation: "look", differences: more }, [["zpci_debug_init_device"]], losses),
  ).toBeNull();
});

it("explains an errno in the operations that may show it, a warning by its words, and by who asked itself", async () => {
  const losses = await readLosses();
  const explain = (
    operation: OperationName,
    path: string,
    observed: Value,
    stack: readonly string[],
  ): string | undefined =>
    explainDifferences({ operation, differences: [{ path, expected: "x", observed }] }, [stack], losses)?.name;
  const node = ["kstrdup", "devtmpfs_create_node"];
  expect(explain("open", "result", "ENOENT", node)).toBe("device-node");
  expect(explain("open", "result", "EIO", node)).toBeUndefined();
  expect(explain("ioas-map", "result", "ENOENT", node)).toBeUndefined();
  const group = ["kmalloc", "cdev_device_add", "vfio_create_group"];
  const warning = "WARNING: ../source/drivers/vfio/group.c at vfio_group_release";
  expect(explain("bind", "alarms", [warning], group)).toBe("group-of-failure");
  expect(explain("bind", "alarms", [warning, "BUG: of another kind"], group)).toBeUndefined();
  const enforce = "iopt_table_enforce_dev_resv_regions";
  expect(explain("attach", "values.pt", "auto:2", [enforce])).toBe("shared-page-table");
  expect(explain("attach", "values.pt", "auto:2", ["kmalloc", "iopt_reserve_iova", enforce])).toBeUndefined();
});

it("reads who asked from what the kernel says", () => {
  const log = [
    "vfio-pci 0001:00:00.0: before",
    "FAULT_INJECTION: forcing a failure.",
    "name failslab, interval 1, probability 0, space 0, times 0",
    "CPU: 0 UID: 0 PID: 33 Comm: init Not tainted 7.2.13 #1 NONE",
    "Call Trace:",
    " [<000003ffe0107a3c>] dump_stack_lvl+0x5c/0x80 ",
    " [<000003ffe05fd0a2>] should_fail_ex+0x18a/0x1b0 ",
    "([<000003ffe0107a3c>] kstrdup+0x1/0x2)",
    " [<000003ffe03b1c2e>] iopt_map_common.isra.0+0x6e/0x120 ",
  ];
  expect(parseFailureStack(log)).toEqual(["iopt_map_common.isra.0"]);
  expect(parseFailureStack(["nothing"])).toEqual([]);
});

it("spells an allocation as it reads it", () => {
  expect(parseInjection(spellInjection({ step: 5, nth: 12 }))).toEqual({ step: 5, nth: 12 });
  expect(["5", "0:1", "1:0", "5:x", ""].map(parseInjection)).toEqual([null, null, null, null, null]);
});
