/** Plans for tests, from a few lines of scenario. */
import { makePlan } from "../plan/make-plan.ts";
import type { Plan } from "../plan/plan.ts";
import { parseScenario } from "../scenario/parse.ts";
import { modelProfile } from "../target/model-target.ts";
import type { Profile } from "../trace/profile.ts";

/** The plan of steps written as in a scenario, on NVMe functions `a` and `b` and others, with buffers `p` and `q` of four pages. */
export function planOf(steps: string, bench: Partial<Omit<Profile, "functions">> = {}): Plan {
  const text = [
    "name: under-test",
    "summary: Steps of a unit test",
    "tags: [test]",
    "functions: { a: nvme, b: nvme, r: virtio-rng, w: witness }",
    "buffers: { p: 4, q: 4 }",
    "steps:",
    ...steps
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line) => `  - ${line.trim()}`),
  ].join("\n");
  return makePlan(parseScenario(text, "under-test.yaml"), { ...modelProfile, ...bench });
}

/** The plan of the steps of a scenario, as a file has them below `steps:`, on witnesses `a` and `b` with buffers `p` and `q`. */
export function witnessPlanOf(steps: string, bench: Partial<Omit<Profile, "functions">> = {}): Plan {
  const text = `name: sample
summary: Steps of a unit test
tags: [test]
functions: { a: witness, b: witness }
buffers: { p: 2, q: 1 }
steps:
${steps}`;
  return makePlan(parseScenario(text, "sample.yaml"), { ...modelProfile, ...bench });
}

/** A function that is reset in use, works again, and does DMA once it is detached: on QEMU, both have known deviations. */
export const resetAndBlocked: Plan = planOf(
  `take-iommufd: { function: a }
   ioas-alloc: { ioas: A }
   attach: { function: a, to: A }
   start-nvme: { function: a, ioas: A }
   ioas-map: { ioas: A, iova: base+0x10000, buffer: p, pages: 1 }
   hot-reset: { function: a }
   nvme-enable: { function: a, iova: base }
   detach: { function: a }
   dma-write: { function: a, iova: base+0x10000, block: 1 }`,
  { bench: "emulated" },
);
