import { expect, it } from "vitest";
import { viewHost } from "./view-host.ts";

const functions = [{ name: "a", device: "nvme", uid: 1, fid: 0x20 }] as const;

it("shows driver, handle and mapped pages, and names messages by the numbers that functions have on the host", () => {
  const view = viewHost(
    {
      functions: { a: { driver: "vfio-pci", handle: "0x80020001", counters: [7, 3, 0, 7, 3] } },
      messages: ["err fid:120, fh:80020001, pec:4", "dis fid:20, fh:20000, rc:0"],
      log: [{ level: 4, text: "WARNING: CPU: 0 PID: 1 at drivers/iommu/s390-iommu.c:1 s390_domain_free+0x1/0x2" }],
    },
    functions,
  );
  expect(view.functions).toEqual({ a: { driver: "vfio-pci", enabled: true, pages: 4 } });
  expect(view.messages[0]).toMatch(/^a error/u);
  expect(view.messages[1]).toBe("fid:0x20 disable");
  expect(view.alarms).toHaveLength(1);
});

it("knows of no pages of a function that nobody has open, and of nothing of one that is gone", () => {
  const gone = { driver: null, handle: null, counters: null };
  expect(viewHost({ functions: { a: gone }, messages: [], log: [] }, functions).functions).toEqual({
    a: { driver: null, enabled: null, pages: null },
  });
});
