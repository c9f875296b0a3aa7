import type { Scenario } from "../../src/scenario/scenario.ts";

/** The least there is: a kernel that boots, finds a function, and answers. What fails here is no kill, it is no kernel. */
export const bootCheck: Scenario = {
  name: "boot-check",
  summary: "The kernel boots, finds a function that is plugged in, and answers",
  tags: ["boot"],
  seeds: [],
  ground: null,
  requires: [],
  since: null,
  kernelParameters: [],
  also: [],
  deviceNeeds: [],
  functions: { a: "nvme" },
  buffers: {},
  steps: [{ op: "look", fields: {}, note: null, during: [], answers: [] }],
  file: "boot-check",
};
