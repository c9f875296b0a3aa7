/** Records for tests of what is drawn from them. */
import type { ScenarioRecord } from "../evidence/record.ts";

/** A record of a pass, changed as told. */
export const recordOf = (changes: Partial<ScenarioRecord> = {}): ScenarioRecord => ({
  record: 1,
  scenario: "attach-twice",
  summary: "Attaching twice is a replace",
  tags: ["attach"],
  seeds: [],
  file: "attach-twice.yaml",
  verdict: "pass",
  reason: null,
  details: [],
  differences: [],
  known: [],
  stale: [],
  caveats: [],
  steps: { planned: 3, performed: 3 },
  started: "2026-11-21T12:00:00.000Z",
  seconds: 1.5,
  phases: {},
  profile: {
    bench: "emulated",
    kernel: { version: "7.2.13", digest: "sha256:00", patches: [] },
    qemu: { version: "11.1.3", digest: "sha256:01" },
  },
  evidence: "/runs/latest/attach-twice",
  trace: "/runs/latest/attach-twice/trace.ndjson",
  reproduce: "zhil run attach-twice --bench emulated",
  ...changes,
});

/** A record of a fail with one difference. */
export const failOf = (observed: unknown, changes: Partial<ScenarioRecord> = {}): ScenarioRecord =>
  recordOf({
    scenario: "replace-full",
    verdict: "fail",
    reason: "step 2 replace: result differs",
    differences: [{ step: 2, operation: "replace", verdict: "fail", path: "result", expected: "OK", observed }],
    ...changes,
  });
