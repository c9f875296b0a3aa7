import { expect, it } from "vitest";
import type { AgentAnswer } from "../agent/answers.ts";
import { keepOwn } from "./own-answer.ts";

const answer: AgentAnswer = {
  ...{ id: 1, result: "OK", values: {}, micros: 1, functions: {}, settled: true, dropped: 0 },
  messages: ["dis fid:20, fh:1, rc:0", "err fid:99, fh:2, pec:4", "of another form"],
  log: [
    { level: 6, text: "vfio-pci 0001:00:00.0: resetting" },
    { level: 6, text: "mlx5_core 0063:00:00.0: link of host.example is up" },
    { level: 4, text: "s390_iommu: something of any function" },
  ],
  memory: { "p[0]": { digest: "0123456789abcdef", head: "5345524941" } },
};
const own = [{ fid: 0x20, address: "0001:00:00.0" }];

it("keeps of messages and log what is of the plan's functions, and of pages no first bytes", () => {
  const kept = keepOwn(answer, own);
  expect(kept.messages).toEqual(["dis fid:20, fh:1, rc:0", "of another form"]);
  expect(kept.log.map(({ text }) => text)).toEqual([answer.log[0]!.text, answer.log[2]!.text]);
  expect(kept.dropped).toBe(1);
  expect(kept.memory).toEqual({ "p[0]": { digest: "0123456789abcdef", head: "" } });
});

it("keeps all that surrounds an alarm", () => {
  const log = [...answer.log, { level: 4, text: "WARNING: drivers/iommu/s390-iommu.c:1 at f+0x1/0x2, CPU#0: x/1" }];
  expect(keepOwn({ ...answer, log }, own).log).toEqual(log);
});
